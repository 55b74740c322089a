// The agent page of examples/, opened and clicked as a person would, in jsdom. Prints what it showed as JSON.
"use strict";

const { JSDOM, VirtualConsole } = require("jsdom");
const { accessToken, event, floor, run, tell, url } = require("./stage");

// The answer of `look`, as soon as it is not empty; asked whenever the page has changed.
function shown(window, look) {
  return new Promise((resolve) => {
    const observer = new window.MutationObserver(() => check());
    const check = () => {
      const found = look(window.document);
      if (found) {
        observer.disconnect();
        resolve(found);
      }
    };
    observer.observe(window.document, { subtree: true, childList: true, characterData: true, attributes: true });
    check();
  });
}

const button = (text) => (page) => [...page.querySelectorAll("li button")].find((one) => one.textContent === text);
const said = (text) => (page) => page.getElementById("news").textContent === text;

run(async () => {
  const { sid, api, activities, worker, task } = await floor();
  const alice = await worker("Alice");
  const options = { runScripts: "dangerously", resources: "usable", virtualConsole: new VirtualConsole() };
  const { window } = await JSDOM.fromURL(process.env.PAGE_URL, options);
  await event({ once: (name, then) => window.addEventListener(name, then) }, "load");
  const page = window.document;
  const { elements } = page.getElementById("connect");
  elements.server.value = url;
  elements.token.value = accessToken(sid, alice.sid);
  page.querySelector("form button").click();
  await shown(window, said("connected"));
  const saw = { name: page.getElementById("name").textContent, formHidden: page.getElementById("connect").hidden };
  const activity = page.getElementById("activity");
  const { sid: taskSid } = await task({ customer: "Bo" });
  activity.value = activities.Available;
  activity.dispatchEvent(new window.Event("change"));
  const accept = await shown(window, button("Accept"));
  saw.offered = page.querySelector("li code").textContent;
  saw.activity = activity.selectedOptions[0].textContent;
  accept.click();
  const complete = await shown(window, button("Complete"));
  saw.taken = page.querySelector("li code").textContent;
  complete.click();
  await shown(window, said("completed"));
  saw.left = page.querySelectorAll("li").length;
  const kept = await api.tasks(taskSid).fetch();
  tell({ ...saw, kept: [kept.assignmentStatus, kept.reason] });
});
