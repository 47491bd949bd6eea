// Package listen lets a process be reached: it binds an address and serves on it
// until the process is told to stop.
//
// [On] refuses an address that other machines can reach, as long as there is no
// authentication: anybody who reaches a role could run work on it. [Serve] ends in
// order: requests under way are finished, connections without one are closed.
package listen
