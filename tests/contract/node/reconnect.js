// An agent's app that lives through a restart of the server. Prints a line of JSON for each thing that happens.
"use strict";

const { Worker } = require("twilio-taskrouter");
const { accessToken, event, floor, run, tell, url } = require("./stage");

run(async () => {
  const { sid, activities, worker, task } = await floor();
  const alice = await worker("Alice", "Available");
  const ebServer = `${url}/v1/wschannels`;
  const app = new Worker(accessToken(sid, alice.sid), {
    ebServer,
    wsServer: ebServer.replace("http", "ws"),
    connectActivitySid: activities.Available,
    logLevel: "silent",
  });
  app.on("error", () => {}); // one for each attempt while nobody listens
  await event(app, "ready");
  const first = event(app, "reservationCreated");
  await task({ number: 1 });
  const offered = await first;
  const gone = event(app, "disconnected");
  const back = event(app, "ready");
  tell({ offered: offered.sid, status: offered.status });
  await gone;
  tell({ disconnected: true });
  await back;
  const open = [...app.reservations.values()];
  tell({ open: open.map((reservation) => [reservation.sid, reservation.status]) });
  const accepted = event(open[0], "accepted");
  await open[0].accept();
  await accepted;
  const completed = event(open[0], "completed");
  await open[0].task.complete("solved");
  await completed;
  const second = event(app, "reservationCreated");
  await task({ number: 2 });
  tell({ done: open[0].status, next: (await second).task.attributes });
});
