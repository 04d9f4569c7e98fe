// One live region for the whole page: two would talk over each other. The others dispatch "say"; modules that import
// each other would be loaded twice, once by the name with a hash and once by the one without.

document.addEventListener("say", (event) => {
  const region = document.getElementById("said");
  region.textContent = "";
  setTimeout(() => (region.textContent = event.detail), 50); // the same words twice are said twice
});
