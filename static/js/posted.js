// A page that answers a POST takes the address of a page that is asked for by GET: Back and Reload ask for it again, as
// the browser keeps no page of the portal, and would offer to send the form once more.

if (document.body.hasAttribute("data-posted")) history.replaceState(history.state, "", location.href);
