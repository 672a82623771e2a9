// The page: its views, the keyboard, and whether the service is there.
import { ApiError, type CaseState, get, type Session } from "./api";
import { Cases } from "./cases";
import { el } from "./dom";
import { GeometryForm } from "./geometry_form";
import { Live } from "./live";
import { makeLogin } from "./login";
import { Service } from "./service";
import { StatusLog } from "./status_log";
import "./style.css";
import { texts } from "./texts";

const EVERY_MS = 2000;
const names = ["live", "cases", "service", "geometry"] as const;
type Name = (typeof names)[number];

const log = new StatusLog();
const asked = new URLSearchParams(location.search);
const live = new Live(log, asked.has("flat") ? "2d" : asked.has("webgl2") ? "WebGL2" : "quickest");
const cases = new Cases(() => void refresh());
const service = new Service(log, (session) => {
  show("live");
  live.watch(session);
});
const geometry = new GeometryForm();
geometry.onuse = (camera) => {
  live.sources.useCamera(camera);
  show("live");
};
const views = { live, cases, service, geometry };
const tabs = names.map((name, n) => el("button", { type: "button", onclick: () => show(name), title: String(n + 1) }, texts[name]));
const state = el("span", { className: "connection", role: "status" }, texts.connecting);
const version = el("span", { className: "version" });
const banner = el("p", { className: "banner", role: "alert", hidden: true }, texts.gone);
const login = makeLogin(() => void refresh());
const theme = el("button", { type: "button", onclick: changeTheme }, texts.theme);
let shown: Name = "live";
let refreshing = false;

function show(name: Name): void {
  shown = name;
  names.forEach((one, n) => {
    views[one].element.hidden = one !== name;
    tabs[n].ariaCurrent = one === name ? "page" : null;
  });
  void refresh();
}

function changeTheme(): void {
  const root = document.documentElement;
  root.dataset.theme = root.dataset.theme === "light" ? "dark" : "light";
}

function setConnection(name: "there" | "gone" | "locked", text: string): void {
  state.dataset.state = name;
  if (state.textContent !== text) state.textContent = text;
  banner.hidden = name !== "gone";
  live.setGone(name === "gone");
}

async function refresh(): Promise<void> {
  if (refreshing || login.open) return;
  refreshing = true;
  try {
    const [there, open] = await Promise.all([get<CaseState[]>("v1/cases"), get<Session[]>("v1/sessions")]);
    live.update(open, there);
    cases.update(there);
    if (!version.textContent) {
      const facts = await get<{ version: string; device: string }>("version");
      version.textContent = `${facts.version} · ${facts.device}`;
    }
    if (shown === "service") {
      service.update(open);
      await service.refresh();
    }
    setConnection("there", texts.connected);
  } catch (error) {
    if (error instanceof ApiError) setConnection("locked", error.problem.status === 401 ? texts.needsKey : error.message);
    else setConnection("gone", texts.goneShort);
  }
  refreshing = false;
}

document.addEventListener("keydown", (event) => {
  const place = event.target as HTMLElement;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(place.tagName) && !(place instanceof HTMLInputElement && /range|checkbox/.test(place.type));
  const pressing = event.key === "Enter" && place.tagName === "BUTTON";
  if (event.ctrlKey || event.metaKey || event.altKey || typing || pressing || login.open) return;
  const tab = names[Number(event.key) - 1];
  if (tab) show(tab);
  else if (event.key === "t") changeTheme();
  else if (shown !== "live" || !live.key(event)) return;
  event.preventDefault();
});
window.addEventListener("pagehide", () => live.sources.stop());

document.documentElement.dataset.theme = "dark";
document.body.append(
  el("header", {}, el("h1", {}, texts.title), el("nav", {}, ...tabs), state, version, el("span", { className: "keys" }, texts.keys), theme),
  banner, ...names.map((name) => views[name].element), login,
);
show("live");
setInterval(() => void refresh(), EVERY_MS);
