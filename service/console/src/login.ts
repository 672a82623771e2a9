// Asks for a key. It is held in memory only: a page that is loaded again asks again.
import { ApiError, get, onUnauthenticated, useKey } from "./api";
import { el, field } from "./dom";
import { texts } from "./texts";

export function makeLogin(done: () => void): HTMLDialogElement {
  const key = el("input", { type: "password", autocomplete: "off", required: true });
  const told = el("p", { className: "note", role: "alert" });
  const form = el("form", {}, el("h2", {}, texts.needsKey), field(texts.key, key), el("button", { className: "main" }, texts.logIn), told, el("p", { className: "hint" }, texts.keyHint));
  const dialog = el("dialog", {}, form);
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  let trying = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    trying = true;
    useKey(key.value);
    try {
      await get("v1/cases");
      key.value = told.textContent = "";
      dialog.close();
      done();
    } catch (error) {
      useKey("");
      told.textContent = error instanceof ApiError ? texts.keyRefused : texts.gone;
    }
    trying = false;
  });
  onUnauthenticated(() => {
    if (!dialog.open && !trying) {
      useKey("");
      dialog.showModal();
    }
  });
  return dialog;
}
