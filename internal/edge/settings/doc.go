// Package settings is everything that can be configured: one table, and where the
// values of a process come from.
//
// # Nouns
//
// A setting is one row of the table in schema.go. A [Role] is what a process does;
// a setting names the roles that read it. [Values] are the settings of one process,
// each with its origin.
//
// # Flow
//
// A command gets its flags from [Bind]. [Read] takes each value from a flag, the
// environment, the file of --config or its default, in this order, and checks it;
// who wires a role asks the values by their keys. [Values.Show] is what people see.
//
// # What always holds
//
// A value that was given has passed its check. Every problem of all sources is
// reported at once, each with its place. A password in the address of a database is
// never shown.
//
// # What it refuses
//
// Unknown keys in a file, unknown KTRDR_ variables, the removed variables of older
// versions, and two names of one setting with different values. No package below
// reads the environment itself: it is given what it needs.
//
// Start reading at [Read] and schema.
package settings
