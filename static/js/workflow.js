// Chooses what is shown above the list of a workflow's jobs: graph, time chart or nothing. The bundle that draws is loaded
// with the first view that needs it; a small screen opens with the list alone, which needs none.

const section = document.querySelector("[data-workflow]");
const SMALL = "(width < 48rem)";
const VIEWS = ["graph", "time", "list"];

/** @type {Promise<() => Promise<void>> | null} */
let loading = null;

/** @param {HTMLElement} box */
function begin(box) {
  const parameters = new URLSearchParams(location.search);
  const chosen = parameters.get("view") ?? (matchMedia(SMALL).matches ? "list" : "graph");
  show(box, VIEWS.includes(chosen) ? chosen : "graph");
  box.addEventListener("click", (event) => {
    /** @type {HTMLElement | null} */
    const link = event.target instanceof Element ? event.target.closest("a[data-view-link]") : null;
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const view = link.dataset.viewLink ?? "list";
    const address = new URL(location.href);
    address.searchParams.set("view", view);
    history.replaceState(history.state, "", address);
    show(box, view);
  });
}

/**
 * Let the next page of the list open with the view that is shown. Polls renew the links, so the click decides.
 *
 * @param {MouseEvent} event
 */
function keepView(event) {
  /** @type {HTMLAnchorElement | null} */
  const link = event.target instanceof Element ? event.target.closest("#job-list .pages a") : null;
  const view = new URLSearchParams(location.search).get("view");
  if (!link || !view) return;
  const address = new URL(link.href);
  address.searchParams.set("view", view);
  link.href = address.href;
}

/**
 * @param {HTMLElement} box
 * @param {string} view
 */
async function show(box, view) {
  box.dataset.view = view;
  /** @type {NodeListOf<HTMLElement>} */
  const links = box.querySelectorAll("a[data-view-link]");
  for (const link of links) {
    if (link.dataset.viewLink === view) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  if (view === "list") return;
  try {
    loading ??= import(box.dataset.bundle ?? "").then((bundle) => bundle.start(box));
    const draw = await loading;
    await draw();
  } catch {
    loading = null;
    const notice = box.querySelector("[data-workflow-notice]");
    if (notice instanceof HTMLElement) notice.hidden = false;
    show(box, "list");
  }
}

if (section instanceof HTMLElement) {
  begin(section);
  document.addEventListener("click", keepView);
}
