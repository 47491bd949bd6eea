package backend

// ForwardHandler is how requests reach the scheduler.
var ForwardHandler = forwardHandler
