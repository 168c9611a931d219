// What the parts of the page share: the agents, the one that is shown, and how the server is asked.
export const $ = (id) => document.getElementById(id);

export const page = {
  agents: new Map(), // uid -> its line of the list
  drafts: new Map(), // uid -> files that were edited and not sent
  selected: null, // uid
  detail: null, // what the server last said of it
  server: null, // what it says of itself
  redrawList: () => {},
  reload: async () => {}, // asks for the agent anew
};

export async function call(method, path, body) {
  const response = await fetch(path, { method, body, headers: body ? { 'Content-Type': 'application/json' } : {}, cache: 'no-store' });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(answer.error ?? `The server answered ${response.status}.`), { status: response.status });
  return answer;
}

/** Calls `load` again and again, as long as it is asked to: one at a time, and once more for what was asked meanwhile. */
export function oneAtATime(load) {
  let isLoading = false;
  let isStale = false;
  return async () => {
    isStale = true;
    if (isLoading) return;
    isLoading = true;
    while (isStale) {
      isStale = false;
      await load().catch(() => {}); // the server is away, which is said elsewhere, and heard of again
    }
    isLoading = false;
  };
}

const shown = new Map(); // part of the page -> JSON it shows

/** Draws a part of the page only if its data changed: selections and scroll positions stay. */
export function part(name, data, draw) {
  const json = JSON.stringify(data ?? null);
  if (shown.get(name) === json) return;
  shown.set(name, json);
  draw(data);
}

export const isShown = (name, json) => shown.get(name) === json;
export const noteShown = (name, json) => shown.set(name, json);
export const forgetShown = () => shown.clear();

export function can(capability) {
  return page.detail.capabilities.includes(capability);
}

/** Does something for the selected agent. What is to be said of it is dropped once another one is shown. */
export async function act(note, work) {
  const uid = page.selected;
  const say = (text) => { if (uid === page.selected) $(note).textContent = text; };
  try {
    await work(uid, say);
  } catch (error) {
    say(error.message);
  }
}

/**
 * Where agents send telemetry to, as seen from here: a server that listens everywhere has the page's own name. Without a
 * signal: what its path is added to.
 */
export function otlpUrl(signal) {
  const base = page.server.otlp_endpoint.replace(/\/\/(0\.0\.0\.0|\[::\])/, `//${location.hostname}`);
  return signal ? `${base}/v1/${signal}` : base;
}
