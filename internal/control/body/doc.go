// Package body reads the JSON of request bodies, strictly and quickly.
//
// [Check] refuses what encoding/json would pass over in silence: a key given twice,
// and nesting beyond what any body of ours has. [Parse] and [Layouts.Fill] read a
// body and check it in one pass. They decide about nothing that is wrong: they give
// up, and Check and encoding/json, which are the reference for what they return, say
// what it is. Who joins the two is wire.Bodies.
//
// Start reading at [Parse].
package body
