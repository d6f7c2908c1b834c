// Free text that is kept in this browser until the server says that it has it: a reload, a lost connection or an ended
// session loses nothing. The entry is the account's own and goes as soon as the server confirms the text.
const PAUSE = 1200;

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const field = parentElement.querySelector("textarea");
  const label = parentElement.querySelector("label");
  const told = parentElement.querySelector("output");
  const place = "rxpanel|" + data.store;
  label.firstElementChild.textContent = data.label;
  field.setAttribute("aria-label", data.label);
  label.classList.remove("rx-unnamed");
  field.maxLength = data.most;

  const read = () => { try { return localStorage.getItem(place); } catch { return null; } };
  const keep = (text) => { try { localStorage.setItem(place, text); } catch { /* a full or closed store: the server still gets it */ } };
  const drop = () => { try { localStorage.removeItem(place); } catch { /* nothing was kept */ } };

  function send() {
    clearTimeout(field.pausing);
    if (field.sent !== field.value) { field.sent = field.value; setStateValue("text", field.value); }
  }
  function go() {
    clearTimeout(field.going);
    field.going = null;
    document.querySelector(".st-key-submit button")?.click();
  }
  function tell() {
    const safe = field.value === (data.confirmed ?? "");
    told.textContent = field.value === "" ? "" : safe ? data.saved : data.kept;
    if (safe) drop();
    if (safe && field.going) go();
  }

  if (field.place !== place) {
    // First sight of this case: what was typed here and never reached the server comes before what the server has.
    field.place = place;
    const left = read();
    field.value = left ?? data.confirmed ?? "";
    field.sent = data.confirmed ?? "";
    if (left !== null && left !== field.sent) send();
  }
  field.oninput = () => {
    keep(field.value);
    told.textContent = data.kept;
    clearTimeout(field.pausing);
    field.pausing = setTimeout(send, PAUSE);
  };
  field.onblur = send;
  field.onkeydown = (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    // Inside a text field the submitting button does not hear its own shortcut.
    event.preventDefault();
    event.stopPropagation();
    send();
    // The text first, the step after it: as soon as the server has it, or a moment later where nothing confirms it.
    field.going = setTimeout(go, 700);
    tell();
  };
  tell();
  return () => { clearTimeout(field.pausing); };
}
