// The picture of a workflow template: that of a workflow's page, of steps that are not submitted. The table below has
// the same steps; a step that is selected in the picture is marked there.

const box = document.querySelector("[data-template-picture]");
const source = document.getElementById("template-graph");

/**
 * @param {HTMLElement} stage
 * @param {{ steps: { name: string, definition: string, size: number | null }[], edges: [number, number, string][] }} data
 */
async function draw(stage, data) {
  const { bundle: url = "", worker = "", sprite = "" } = stage.dataset;
  const bundle = await import(new URL(url, location.href).href);
  stage.hidden = false;
  const picture = new bundle.Picture(stage.querySelector("[data-canvas=graph]"), {
    sprite,
    label: "Steps of the workflow",
    help: "graph-help",
    layout: bundle.layoutIn(worker),
    smallest: 0.5,
  });
  const steps = data.steps.map(({ name, size }, index) => ({
    id: `step-${index}`,
    name: name || `Step ${index + 1}`,
    url: "",
    size,
    sequential: false,
    status: `step-${index}`,
    live: false,
    sent: false,
    accepted: 0,
    start: null,
    end: null,
    cost: "",
  }));
  const statuses = Object.fromEntries(
    data.steps.map(({ definition }, index) => [`step-${index}`, { label: definition || "No definition", icon: "template", tone: "off", live: false }]),
  );
  await picture.setGraph(bundle.graphs.buildGraph(steps, data.edges), statuses);
  picture.addEventListener("select", (/** @type {CustomEvent<number>} */ event) => {
    picture.mark(`step-${event.detail}`);
    const rows = document.querySelectorAll("[data-step-row]");
    for (const [index, row] of rows.entries()) row.classList.toggle("step-row-selected", index === event.detail);
    rows[event.detail]?.scrollIntoView({ block: "nearest" });
  });
  stage.addEventListener("click", (event) => {
    const tool = event.target instanceof Element ? event.target.closest("[data-tool]")?.getAttribute("data-tool") : "";
    if (tool === "in") picture.zoom(1.25);
    if (tool === "out") picture.zoom(0.8);
    if (tool === "fit") picture.fit();
  });
}

if (box instanceof HTMLElement && source) {
  // without it the table has the same steps
  draw(box, JSON.parse(source.textContent ?? "{}")).catch(() => (box.hidden = true));
}
