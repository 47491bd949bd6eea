package cli

// ForwardHandler is how requests reach the scheduler.
var ForwardHandler = forwardHandler
