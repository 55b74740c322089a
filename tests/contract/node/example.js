// An application on the official client; only its base URL differs. Prints what it saw as JSON.
"use strict";

const twilio = require("twilio");

const client = twilio(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);
client.taskrouter.baseUrl = process.env.POINTSMAN_URL;
const workspaces = client.taskrouter.v1.workspaces;

async function floor(maxReservedWorkers) {
  const { sid } = await workspaces.create({ friendlyName: "Node" });
  const api = workspaces(sid);
  const activities = Object.fromEntries((await api.activities.list()).map((a) => [a.friendlyName, a.sid]));
  const queue = await api.taskQueues.create({ friendlyName: "All", targetWorkers: "1==1", maxReservedWorkers });
  const routing = { task_routing: { filters: [], default_filter: { queue: queue.sid } } };
  const workflow = await api.workflows.create({ friendlyName: "Flow", configuration: JSON.stringify(routing) });
  const task = async (attributes, taskChannel = "default") => {
    const made = { workflowSid: workflow.sid, attributes: JSON.stringify(attributes), taskChannel };
    return api.tasks((await api.tasks.create(made)).sid);
  };
  const worker = (friendlyName, activity) =>
    api.workers.create({ friendlyName, attributes: "{}", activitySid: activities[activity] });
  return { api, activities, task, worker };
}

const offer = (reservation) => [reservation.workerName, reservation.reservationStatus];

// By sid: this client (6.x) cannot act on the objects of a list themselves.
const accept = (task, { sid }) => task.reservations(sid).update({ reservationStatus: "accepted" });

async function capacity(api, worker) {
  return (await api.workers(worker.sid).workerChannels("default").fetch()).availableCapacityPercentage;
}

async function flow() {
  const { api, activities, task, worker } = await floor();
  const alice = await worker("Alice", "Offline");
  const first = await task({ customer: "Bo" });
  const saw = { waiting: (await first.fetch()).assignmentStatus };
  await api.workers(alice.sid).update({ activitySid: activities.Available });
  const [reservation] = await first.reservations.list();
  saw.offered = offer(reservation);
  saw.capacityWhileOffered = await capacity(api, alice);
  saw.accepted = (await accept(first, reservation)).reservationStatus;
  saw.assigned = (await first.fetch()).assignmentStatus;
  const done = await first.update({ assignmentStatus: "completed", reason: "helped" });
  saw.completed = [done.assignmentStatus, done.reason];
  saw.capacityAfterwards = await capacity(api, alice);
  const second = await task({ customer: "Cy" });
  const [following] = await second.reservations.list();
  saw.next = offer(following);
  await accept(second, following);
  await second.update({ assignmentStatus: "completed", reason: "helped" });
  saw.offline = (await api.workers(alice.sid).update({ activitySid: activities.Offline })).activityName;
  const late = await task({ customer: "Di" });
  saw.afterHours = [(await late.fetch()).assignmentStatus, (await late.reservations.list()).length];
  const events = (await api.events.list({ taskSid: done.sid })).map((event) => event.eventType).reverse();
  return { saw, events, outdated: await outdated(late) };
}

// A change that rests on an older state than the present one is refused.
async function outdated(task) {
  const seen = (await task.fetchWithHttpInfo()).headers.etag;
  await task.update({ priority: 1, ifMatch: seen });
  const now = (await task.fetchWithHttpInfo()).headers.etag;
  return [
    await refusal(task.update({ priority: 2, ifMatch: seen })),
    await refusal(task.remove({ ifMatch: seen })),
    await task.remove({ ifMatch: now }),
  ];
}

async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error.status;
  }
  throw new Error("this should have been refused");
}

async function race() {
  const { task, worker } = await floor(5);
  await worker("Alice", "Available");
  await worker("Bob", "Available");
  const urgent = await task({});
  const offers = (await urgent.reservations.list()).sort((a, b) => (a.workerName < b.workerName ? -1 : 1));
  const [alice, bob] = offers;
  return {
    asked: offers.map((reservation) => reservation.workerName),
    winner: offer(await accept(urgent, alice)),
    loserStatus: await refusal(accept(urgent, bob)),
    loserReservation: (await urgent.reservations(bob.sid).fetch()).reservationStatus,
  };
}

const CALLS = { CA0: "completed", CA1: "in-progress" };

async function cleaning() {
  const { api, task } = await floor();
  for (let number = 0; number < 6; number++) {
    await task({ call_sid: `CA${number % 2}` }, "voice");
  }
  await task({ call_sid: "CA0" }, "chat");
  const open = { assignmentStatus: "pending,reserved,assigned" };
  const reason = "the call has ended";
  let processed = 0;
  await new Promise((resolve, reject) => {
    api.tasks.each({
      ...open,
      pageSize: 1000,
      callback: async (found, done) => {
        processed++;
        try {
          const call = CALLS[JSON.parse(found.attributes).call_sid];
          if (found.taskChannelUniqueName === "voice" && call === "completed") {
            await api.tasks(found.sid).update({ assignmentStatus: "canceled", reason });
          }
        } catch (error) {
          done(error);
        }
      },
      done: (error) => (error ? reject(error) : resolve()),
    });
  });
  // `each` does not wait for what its callback does.
  const closed = async () => (await api.tasks.list({ assignmentStatus: "canceled", pageSize: 2 })).length;
  for (let tries = 0; tries < 200 && (await closed()) < 3; tries++);
  const [canceled] = await api.tasks.list({ assignmentStatus: "canceled", limit: 1 });
  const left = (await api.tasks.list({ ...open, pageSize: 3 })).length;
  return { processed, canceled: await closed(), left, reason: canceled.reason };
}

async function main() {
  const { saw, events, outdated } = await flow();
  console.log(JSON.stringify({ flow: saw, race: await race(), cleaning: await cleaning(), events, outdated }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
