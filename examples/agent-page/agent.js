// The page's script: everything it knows comes from the SDK, and the SDK knows the server by two addresses.
"use strict";

const { Worker } = require("twilio-taskrouter");

const at = (id) => document.getElementById(id);
const form = at("connect");

function connect(server, token) {
  const ebServer = `${server.replace(/\/+$/, "")}/v1/wschannels`;
  const worker = new Worker(token, { ebServer, wsServer: ebServer.replace(/^http/, "ws"), logLevel: "error" });
  worker.on("ready", () => {
    form.hidden = true;
    at("agent").hidden = false;
    at("name").textContent = worker.name;
    say("connected");
    showActivities(worker);
    at("reservations").replaceChildren(); // after a reconnection the SDK has fetched them anew
    worker.reservations.forEach(follow);
  });
  worker.on("activityUpdated", () => showActivities(worker));
  worker.on("reservationCreated", follow);
  worker.on("disconnected", ({ message }) => say(`disconnected: ${message}`));
  worker.on("error", (error) => say(error.message));
  worker.on("tokenExpired", () => say("the token has expired: get a new one and reload"));
}

function showActivities(worker) {
  const options = [...worker.activities.values()].map(
    (activity) => new Option(activity.name, activity.sid, false, activity.isCurrent),
  );
  at("activity").replaceChildren(...options);
  at("activity").onchange = ({ target }) =>
    worker.activities.get(target.value).setAsCurrent().catch((error) => say(error.message));
}

// One line per reservation, drawn again whenever it changes, removed when it has ended.
function follow(reservation) {
  const line = document.createElement("li");
  const draw = () => line.replaceChildren(description(reservation), ...buttons(reservation));
  draw();
  at("reservations").append(line);
  ["accepted", "wrapup"].forEach((event) => reservation.on(event, draw));
  ["completed", "rejected", "canceled", "timeout", "rescinded"].forEach((event) =>
    reservation.on(event, () => {
      line.remove();
      say(event);
    }),
  );
}

function description(reservation) {
  const text = document.createElement("code");
  text.textContent = `${reservation.status} ${JSON.stringify(reservation.task.attributes)}`;
  return text;
}

function buttons(reservation) {
  const offered = { Accept: () => reservation.accept(), Reject: () => reservation.reject() };
  const taken = { Complete: () => reservation.task.complete("handled") };
  const actions = { pending: offered, accepted: taken, wrapping: taken }[reservation.status] ?? {};
  return Object.entries(actions).map(([label, action]) => {
    const button = document.createElement("button");
    button.textContent = label;
    button.onclick = () => action().catch((error) => say(error.message));
    return button;
  });
}

function say(news) {
  at("news").textContent = news;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  connect(form.elements.server.value, form.elements.token.value);
});
