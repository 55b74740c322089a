// What the scripts beside it share: a workspace of its own, tokens for its workers, and one printed line of JSON.
"use strict";

const twilio = require("twilio");

const {
  TWILIO_ACCOUNT_SID: account,
  TWILIO_AUTH_TOKEN: authToken,
  POINTSMAN_API_KEY_SID: keySid,
  POINTSMAN_API_KEY_SECRET: keySecret,
  POINTSMAN_URL: url,
} = process.env;
const { AccessToken, taskrouter } = twilio.jwt;
const client = twilio(account, authToken);
client.taskrouter.baseUrl = url;

async function floor(maxReservedWorkers) {
  const { sid } = await client.taskrouter.v1.workspaces.create({ friendlyName: "Stage" });
  const api = client.taskrouter.v1.workspaces(sid);
  const activities = Object.fromEntries((await api.activities.list()).map((a) => [a.friendlyName, a.sid]));
  const queue = await api.taskQueues.create({ friendlyName: "All", targetWorkers: "1==1", maxReservedWorkers });
  const routing = { task_routing: { filters: [], default_filter: { queue: queue.sid } } };
  const workflow = await api.workflows.create({ friendlyName: "Flow", configuration: JSON.stringify(routing) });
  const worker = (friendlyName, activity = "Offline") =>
    api.workers.create({ friendlyName, attributes: "{}", activitySid: activities[activity] });
  const task = (attributes) =>
    api.tasks.create({ workflowSid: workflow.sid, attributes: JSON.stringify(attributes) });
  return { sid, api, activities, worker, task };
}

// Signed with the API key: for version 2 of the SDK.
function accessToken(workspaceSid, workerSid, ttl = 3600) {
  const token = new AccessToken(account, keySid, keySecret, { ttl, identity: workerSid });
  token.addGrant(new AccessToken.TaskRouterGrant({ workspaceSid, workerSid, role: "worker" }));
  return token.toJwt();
}

// Signed with the auth token: for version 1. The policies are those of the documentation's example.
function capabilityToken(workspaceSid, workerSid) {
  const { TaskRouterCapability, util } = taskrouter;
  const token = new TaskRouterCapability({ accountSid: account, authToken, workspaceSid, channelId: workerSid });
  const workspace = `https://taskrouter.twilio.com/v1/Workspaces/${workspaceSid}`;
  const updates = [
    [`${workspace}/Workers/${workerSid}`, { ActivitySid: { required: true } }],
    [`${workspace}/Tasks/**`, {}],
    [`${workspace}/Workers/${workerSid}/Reservations/**`, {}],
  ];
  const policies = [
    ...util.defaultEventBridgePolicies(account, workerSid),
    ...util.defaultWorkerPolicies("v1", workspaceSid, workerSid),
    ...updates.map(([path, postFilter]) => ({ url: path, method: "POST", postFilter, allow: true })),
  ];
  policies.forEach((policy) => token.addPolicy(new TaskRouterCapability.Policy(policy)));
  return token.toJwt();
}

// The first argument of the emitter's next such event. Unlike `once` of node:events, an "error" in between is no end.
const event = (emitter, name) => new Promise((resolve) => emitter.once(name, resolve));

async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error.message;
  }
  throw new Error("this should have been refused");
}

const tell = (saw) => process.stdout.write(JSON.stringify(saw) + "\n");

// The packages log to standard output and keep timers running: neither shall reach the test.
function run(main) {
  console.log = console.info = console.warn = console.error;
  main().then(
    () => process.exit(0),
    (error) => {
      console.error(error);
      process.exit(1);
    },
  );
}

module.exports = { accessToken, authToken, account, capabilityToken, event, floor, refusal, run, tell, url };
