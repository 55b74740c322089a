// An agent's page on version 1 of the SDK, which was made for browsers. Prints what it saw as JSON.
"use strict";

const { XMLHttpRequest } = require("xmlhttprequest-ssl");
const { capabilityToken, event, floor, run, tell, url } = require("./stage");

globalThis.XMLHttpRequest = XMLHttpRequest;
globalThis.window = globalThis;
require("twilio-taskrouter-js");

const { TaskRouter } = window.Twilio;

// A method that ends with a completion of (error, result).
const answer = (object, method, ...values) =>
  new Promise((resolve, reject) => {
    object[method](...values, (error, result) => (error ? reject(new Error(JSON.stringify(error))) : resolve(result)));
  });

async function life() {
  const { sid, api, activities, worker, task } = await floor();
  const alice = await worker("Alice");
  const app = new TaskRouter.Worker(capabilityToken(sid, alice.sid), `${url}/v1`, url);
  const saw = { ready: (await event(app, "ready")).friendlyName };
  saw.activities = (await answer(app.activities, "fetch")).data.map((activity) => activity.friendlyName);
  const moved = event(app, "activity.update");
  await answer(app, "update", "ActivitySid", activities.Available);
  saw.moved = (await moved).activityName;
  const created = event(app, "reservation.created");
  const { sid: taskSid } = await task({ customer: "Bo" });
  const reservation = await created;
  saw.offered = [reservation.reservationStatus, reservation.task.assignmentStatus, reservation.task.attributes];
  const accepted = event(app, "reservation.accepted");
  saw.answered = (await answer(reservation, "accept")).reservationStatus;
  saw.accepted = (await accepted).reservationStatus;
  const completed = event(app, "reservation.completed");
  await answer(reservation.task, "update", { AssignmentStatus: "completed", Reason: "solved" });
  saw.completed = (await completed).reservationStatus;
  const kept = await api.tasks(taskSid).fetch();
  saw.kept = [kept.assignmentStatus, kept.reason];
  return saw;
}

run(async () => tell(await life()));
