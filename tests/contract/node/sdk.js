// An agent's app on version 2 of the official SDK; only its two addresses differ. Prints what it saw as JSON.
"use strict";

const { once } = require("node:events");
const { Worker } = require("twilio-taskrouter");
const { account, accessToken, authToken, floor, refusal, run, tell, url } = require("./stage");

const servers = { ebServer: `${url}/v1/wschannels`, wsServer: `${url}/v1/wschannels`.replace("http", "ws") };

async function ready(token, options = {}) {
  const worker = new Worker(token, { ...servers, logLevel: "error", ...options });
  await once(worker, "ready");
  return worker;
}

async function life() {
  const { sid, api, activities, worker, task } = await floor();
  const alice = await worker("Alice");
  const app = await ready(accessToken(sid, alice.sid), { connectActivitySid: activities.Available });
  const saw = { channels: app.channels.size, activities: app.activities.size };
  const { sid: taskSid } = await task({ customer: "Bo" });
  const [reservation] = await once(app, "reservationCreated");
  saw.offered = [reservation.status, reservation.task.status, reservation.task.attributes];
  const accepted = once(reservation, "accepted");
  await reservation.accept();
  saw.accepted = [reservation.status, (await accepted)[0].task.status];
  const completed = once(reservation, "completed");
  await reservation.task.complete("solved");
  saw.completed = [(await completed)[0].status, app.reservations.size];
  const kept = await api.tasks(taskSid).fetch();
  saw.kept = [kept.assignmentStatus, kept.reason];
  app.disconnect();
  return saw;
}

async function race() {
  const { sid, activities, worker, task } = await floor(2);
  const apps = [];
  for (const name of ["Alice", "Bob"]) {
    const { sid: workerSid } = await worker(name, "Available");
    apps.push(await ready(accessToken(sid, workerSid), { connectActivitySid: activities.Available }));
  }
  const offers = apps.map((app) => once(app, "reservationCreated"));
  await task({});
  const reservations = (await Promise.all(offers)).map(([reservation]) => reservation);
  const rescinded = Promise.race(reservations.map((reservation) => once(reservation, "rescinded")));
  const answers = await Promise.allSettled(reservations.map((reservation) => reservation.accept()));
  const lost = answers.findIndex((answer) => answer.status === "rejected");
  const [told] = await rescinded;
  return {
    winners: answers.filter((answer) => answer.status === "fulfilled").length,
    winner: reservations[1 - lost].status,
    loser: answers[lost].reason.message,
    told: [told === reservations[lost], told.status],
  };
}

async function clock(fields) {
  const authorization = "Basic " + Buffer.from(`${account}:${authToken}`).toString("base64");
  const options = fields ? { method: "POST", body: new URLSearchParams(fields) } : {};
  const answer = await fetch(`${url}/pointsman/v1/Clock`, { ...options, headers: { authorization } });
  return (await answer.json()).now_ms / 1000;
}

// The server's clock stands still, and is behind this one: the token's time to live is reckoned by the server's.
async function expiry() {
  const { sid, worker } = await floor();
  const alice = await worker("Alice");
  const ttl = Math.round((await clock()) - Date.now() / 1000) + 7;
  const app = await ready(accessToken(sid, alice.sid, ttl));
  await once(app, "tokenExpired"); // the SDK says so 5 s before it is true
  await app.setAttributes({ still: "valid" });
  await clock({ Advance: 10 });
  const refused = await refusal(app.setAttributes({ too: "late" }));
  const updated = once(app, "tokenUpdated");
  app.updateToken(accessToken(sid, alice.sid));
  await updated;
  await app.setAttributes({ again: "valid" });
  return { refused, attributes: app.attributes };
}

run(async () => tell({ life: await life(), race: await race(), expiry: await expiry() }));
