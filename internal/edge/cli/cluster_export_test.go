package cli

// For tests of how requests reach the scheduler.
var (
	ForwardHandler = forwardHandler
	MaskDatabase   = maskDatabase
	CheckDatabase  = checkDatabase
)
