// The page as it stands, on paper: the browser's own printing, the sheet's rules for paper.
export default function (component) {
  const button = component.parentElement.querySelector("button");
  button.textContent = component.data.words;
  button.classList.remove("rx-unnamed");
  button.onclick = () => window.print();
}
