// Replaces the history entry of a page that answered a POST by a GET of the same address, so that Back and Reload do not
// offer to send the form again.

if (document.body.hasAttribute("data-posted")) history.replaceState(history.state, "", location.href);
