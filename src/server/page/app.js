// Keeps the page up to date: what the server tells over /api/live, what it answers, what the user does.
import { Editor, requestBody, startingPoint } from './editor.js';
import { attributeColumn, componentItem, configPill, fileViews, fillItem, healthItem, make, nameOf, pairs, refreshTimes, statePill, stepItems, time } from './view.js';

const $ = (id) => document.getElementById(id);
const agents = new Map(); // uid -> its line of the list
const items = new Map(); // uid -> its <li>
const drafts = new Map(); // uid -> files that were edited and not sent
let selected = null; // uid
let detail = null; // what the server last said of it
let restartAsked = null; // { startTime }
const shown = new Map(); // part of the page -> JSON it shows

const editor = new Editor($('files'), $('file-template'), { onChange: keepDraft, onSend: send });

// ---- the server

async function call(method, path, body) {
  const response = await fetch(path, { method, body, headers: body ? { 'Content-Type': 'application/json' } : {}, cache: 'no-store' });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(answer.error ?? `The server answered ${response.status}.`), { status: response.status });
  return answer;
}

/** One request at a time; a change during it leads to another one. */
let isLoading = false;
let isStale = false;
async function loadDetail() {
  isStale = true;
  if (isLoading) return;
  isLoading = true;
  while (isStale) {
    isStale = false;
    const uid = selected;
    if (!uid) break;
    try {
      const answer = await call('GET', `/api/agents/${uid}`);
      if (uid === selected) showDetail(answer);
    } catch (error) {
      if (uid === selected && error.status === 404) showDetail(null);
    }
  }
  isLoading = false;
}

async function loadAll() {
  const answer = await call('GET', '/api/agents');
  const known = new Set(answer.agents.map((agent) => agent.instance_uid));
  for (const uid of [...agents.keys()]) if (!known.has(uid)) forget(uid);
  for (const agent of answer.agents) agents.set(agent.instance_uid, agent);
  showList();
}

let pause = 250;
function listen() {
  const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/live`);
  let early = []; // what is told while the list is on its way: the list may be older
  socket.onopen = () => {
    pause = 250;
    setLive(true);
    loadAll()
      .then(() => {
        early.forEach(onEvent);
        early = null;
        return loadDetail();
      })
      .catch(() => socket.close());
  };
  socket.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (early) early.push(event);
    else onEvent(event);
  };
  socket.onclose = () => {
    setLive(false);
    setTimeout(listen, pause);
    pause = Math.min(5000, pause * 2);
  };
}

function onEvent(event) {
  if (event.event === 'agent.forgotten') {
    forget(event.instance_uid);
    showList();
    if (event.instance_uid === selected) showDetail(null);
  } else if (event.event === 'agent.seen') {
    const agent = agents.get(event.instance_uid);
    if (agent) agent.last_seen = event.last_seen;
    if (agent && event.instance_uid === selected && detail) {
      Object.assign(detail, { last_seen: event.last_seen, sequence_num: event.sequence_num });
      showHead();
      showProtocol();
    }
  } else if (event.event === 'agent.changed') {
    agents.set(event.agent.instance_uid, event.agent);
    showList();
    if (event.agent.instance_uid === selected) loadDetail();
  }
}

function setLive(isOn) {
  $('live').textContent = isOn ? 'live' : 'no connection to the server, trying again…';
  $('live').classList.toggle('on', isOn);
}

function forget(uid) {
  agents.delete(uid);
  drafts.delete(uid);
  items.get(uid)?.remove();
  items.delete(uid);
}

// ---- the list

function matches(agent, filter) {
  return !filter || [agent.name, agent.host, agent.version, agent.instance_uid].some((text) => text.toLowerCase().includes(filter));
}

function showList() {
  const filter = $('filter').value.trim().toLowerCase();
  const sorted = [...agents.values()].sort(
    (a, b) => b.connected - a.connected || nameOf(a).localeCompare(nameOf(b)) || a.instance_uid.localeCompare(b.instance_uid),
  );
  let place = $('agents').firstElementChild;
  for (const agent of sorted) {
    const uid = agent.instance_uid;
    if (!items.has(uid)) items.set(uid, make('li', {}, make('a', { class: 'item' })));
    const item = items.get(uid);
    item.hidden = !matches(agent, filter);
    fillItem(item.firstElementChild, agent, { isCurrent: uid === selected, hasDraft: drafts.has(uid) });
    // Only what is out of place moves: a moved element would lose the focus.
    if (item === place) place = place.nextElementSibling;
    else $('agents').insertBefore(item, place);
  }
  const connected = sorted.filter((agent) => agent.connected).length;
  $('count').textContent = sorted.length ? `${connected} of ${sorted.length} connected` : '';
  $('filter-box').hidden = sorted.length < 10 && !filter;
  showPanel();
}

/** One of: the agent, a hint to choose one, the first steps, "not known". */
function showPanel() {
  const hasAgent = detail !== null && detail.instance_uid === selected;
  const isGone = selected !== null && detail === null && shown.get('gone') === selected;
  $('agent').hidden = !hasAgent;
  $('gone').hidden = !isGone;
  $('empty').hidden = selected !== null || agents.size > 0;
  $('none').hidden = selected !== null || agents.size === 0;
  $('layout').classList.toggle('one', selected !== null); // on a phone: the agent or the list
  $('layout').classList.toggle('bare', agents.size === 0);
  document.title = `${hasAgent ? nameOf(detail) : 'Agents'} · opamp-server`;
}

// ---- one agent

function showDetail(answer) {
  const isOther = answer?.instance_uid !== detail?.instance_uid;
  const before = detail;
  detail = answer;
  if (isOther) shown.clear();
  shown.set('gone', answer ? null : selected);
  showPanel();
  if (!answer) return;
  showHead();
  showConfig(isOther ? null : before);
  part('effective', detail.effective_config, (config) => {
    const views = fileViews(config?.files ?? {});
    $('effective').replaceChildren(...(views.length ? views : [make('p', { class: 'muted', text: config ? 'The agent runs without a config.' : 'Not reported.' })]));
  });
  part('health', detail.health, (health) =>
    $('health').replaceChildren(health ? healthItem('Agent', health) : make('li', { class: 'muted', text: 'Not reported.' })),
  );
  part('settings', detail.connection_settings, showSettings);
  part('components', detail.available_components, (available) => {
    const items = Object.entries(available?.components ?? {}).map(([name, component]) => componentItem(name, component));
    $('components').replaceChildren(...(items.length ? items : [make('li', { class: 'muted', text: 'Not reported.' })]));
  });
  part('custom', detail.custom_capabilities, (names) => $('custom-capabilities').replaceChildren(...names.map((name) => make('li', { text: name }))));
  part('description', detail.description, (description) =>
    $('description').replaceChildren(
      attributeColumn('Identifying', description.identifying_attributes),
      attributeColumn('Non-identifying', description.non_identifying_attributes),
    ),
  );
  showProtocol();
}

/** What is offered, without its secrets: the server does not tell them. */
function showSettings(settings) {
  $('settings-status').replaceChildren(configPill(settings.status));
  $('settings-error').hidden = settings.error_message === '';
  $('settings-error').textContent = settings.error_message;
  const text = settings.offered ? JSON.stringify(settings.offered, null, 2) : '';
  const none = settings.set ? 'The agent accepts none of the settings that are set.' : 'None are offered.';
  $('settings').replaceChildren(
    text ? make('pre', { class: 'code', role: 'group', tabindex: '0', 'aria-label': 'Offered connection settings', text }) : make('p', { class: 'muted', text: none }),
  );
}

/** Draws a part of the page only if its data changed: selections and scroll positions stay. */
function part(name, data, draw) {
  const json = JSON.stringify(data ?? null);
  if (shown.get(name) === json) return;
  shown.set(name, json);
  draw(data);
}

function can(capability) {
  return detail.capabilities.includes(capability);
}

function showHead() {
  part('head', [detail.name, detail.version, detail.connected, detail.healthy], () => {
    $('name').textContent = nameOf(detail);
    $('state').replaceChildren(statePill(detail));
    $('version').textContent = detail.version ? `version ${detail.version}` : '';
    $('uid').textContent = detail.instance_uid;
  });
  part('seen', [detail.last_seen, detail.connected], () => $('seen').replaceChildren(time(detail.last_seen, 'last message ')));
  const hasError = detail.healthy === false && detail.last_error !== '';
  $('last-error').hidden = !hasError;
  $('last-error').textContent = hasError ? detail.last_error : '';
  $('restart').disabled = !detail.connected || !can('AcceptsRestartCommand');
  $('restart').title = can('AcceptsRestartCommand') ? (detail.connected ? '' : 'The agent is not connected.') : 'The agent does not accept restart commands.';
  $('forget').hidden = detail.connected;
  showRestart();
}

/** A restart is over when the agent reports another start time. */
function showRestart() {
  if (!restartAsked) return;
  const startTime = detail.health?.start_time;
  if (!startTime || startTime === restartAsked.startTime || !detail.health.healthy) return;
  $('action-note').textContent = `Restarted at ${new Date(startTime).toLocaleTimeString()}.`;
  restartAsked = null;
}

function showConfig(before) {
  const config = detail.remote_config;
  const accepts = can('AcceptsRemoteConfig');
  $('editor').hidden = !accepts;
  $('no-config').hidden = accepts;
  part('config', [config.status, config.steps, config.set_at, detail.connected], () => {
    $('config-status').replaceChildren(configPill(config.status));
    const hasWay = config.hash !== null;
    $('steps').hidden = !hasWay;
    $('steps').replaceChildren(...(hasWay ? stepItems(config, detail.connected) : []));
  });
  const error = ['FAILED', 'TOO_LARGE'].includes(config.status) ? config.error_message || 'The agent gives no reason.' : '';
  if ($('config-error').textContent !== error) $('config-error').textContent = error;
  $('config-error').hidden = error === '';
  const isOther = before === null;
  if (isOther || !drafts.has(selected)) showFiles(isOther);
  else if (JSON.stringify(before?.remote_config.files) !== JSON.stringify(config.files))
    $('config-note').textContent = 'The config on the server has changed meanwhile. “Discard changes” shows it.';
  showDirty();
}

/** The draft, or where one would begin. Left alone while it says the same: the cursor stays. */
function showFiles(isOther) {
  const start = startingPoint(detail);
  const draft = drafts.get(selected);
  $('source').textContent = start.source;
  const files = draft ?? start.files;
  if (shown.get('files') !== filesKey(files)) editor.files = files;
  shown.set('files', filesKey(files));
  if (isOther) $('config-note').textContent = '';
}

function filesKey(files) {
  return JSON.stringify([selected, files.map(({ name, type, body }) => [name, type, body])]);
}

function keepDraft() {
  const key = filesKey(editor.files);
  if (key === filesKey(startingPoint(detail).files)) drafts.delete(selected);
  else drafts.set(selected, editor.files);
  shown.set('files', key);
  showDirty();
  showList();
}

function showDirty() {
  const isDirty = drafts.has(selected);
  const isEmpty = editor.files.length === 0;
  $('dirty').textContent = isDirty ? 'Unsent changes' : '';
  $('discard').disabled = !isDirty;
  $('send').disabled = editor.hasBinary;
  $('withdraw').hidden = detail.remote_config.hash === null;
  $('source').hidden = isDirty;
  if (isEmpty) $('dirty').textContent = 'Without a file, an agent that has no config of its own is stopped.';
}

function showProtocol() {
  const config = detail.remote_config;
  part('protocol', [detail.sequence_num, detail.connected_since, detail.transport, config.hash, config.reported], () =>
    $('protocol').replaceChildren(
      ...pairs([
        ['sequence number', String(detail.sequence_num)],
        ['connected', detail.connected_since ? time(detail.connected_since) : 'no'],
        ['transport', detail.transport ?? 'none'],
        ['config hash', make('code', { text: config.hash ?? 'none set' })],
        ['reported', make('code', { text: config.reported.hash ? `${config.reported.status} ${config.reported.hash}` : 'none' })],
      ]),
    ),
  );
  part('capabilities', detail.capabilities, (names) => $('capabilities').replaceChildren(...names.map((name) => make('li', { text: name }))));
}

// ---- what the user does

/** Does something for the selected agent. What is to be said of it is dropped once another one is shown. */
async function act(note, work) {
  const uid = selected;
  const say = (text) => { if (uid === selected) $(note).textContent = text; };
  try {
    await work(uid, say);
  } catch (error) {
    say(error.message);
  }
}

function send() {
  if (editor.hasBinary) return undefined;
  return act('config-note', async (uid, say) => {
    const draft = drafts.get(uid);
    const body = requestBody(editor.files);
    say('');
    const answer = await call('PUT', `/api/agents/${uid}/config`, body);
    if (drafts.get(uid) === draft) drafts.delete(uid); // else it was edited meanwhile
    say(answer.connected ? '' : 'Saved. The agent gets it when it connects.');
    showList();
    await loadDetail();
  });
}

$('editor').addEventListener('submit', (event) => {
  event.preventDefault();
  send();
});

$('discard').addEventListener('click', () => {
  drafts.delete(selected);
  $('config-note').textContent = '';
  showFiles(false);
  showDirty();
  showList();
});

$('add-file').addEventListener('click', () => editor.add());

$('withdraw').addEventListener('click', () =>
  act('config-note', async (uid, say) => {
    await call('DELETE', `/api/agents/${uid}/config`);
    say('No config is offered any more. The agent keeps the one it has.');
    await loadDetail();
  }),
);

$('restart').addEventListener('click', () =>
  act('action-note', async (uid, say) => {
    restartAsked = { startTime: detail.health?.start_time };
    say('Restart requested…');
    await call('POST', `/api/agents/${uid}/restart`).catch((error) => {
      restartAsked = null;
      throw error;
    });
  }),
);

$('forget').addEventListener('click', () =>
  act('action-note', async (uid) => {
    await call('DELETE', `/api/agents/${uid}`);
    if (uid === selected) location.hash = '#/';
  }),
);

$('copy-command').hidden = !navigator.clipboard; // browsers have it only where the page's address is secure
$('copy-command').addEventListener('click', async () => {
  await navigator.clipboard.writeText($('first-command').textContent);
  $('copy-command').textContent = 'Copied';
  setTimeout(() => { $('copy-command').textContent = 'Copy'; }, 2000);
});

$('filter').addEventListener('input', showList);
window.addEventListener('beforeunload', (event) => { if (drafts.size) event.preventDefault(); });

function follow() {
  const uid = location.hash.match(/^#\/agents\/([0-9a-f-]{36})$/)?.[1] ?? null;
  const isOther = uid !== selected;
  selected = uid;
  if (isOther) {
    detail = null;
    restartAsked = null;
    shown.clear();
    $('action-note').textContent = '';
  }
  showList();
  if (uid) loadDetail().then(() => { if (isOther) $('detail').focus(); });
}
window.addEventListener('hashchange', follow);
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  $('detail').focus();
});

async function showFirstSteps() {
  const server = await call('GET', '/api/server');
  const endpoint = server.opamp_endpoint.replace(/\/\/(0\.0\.0\.0|\[::\])/, `//${location.hostname}`);
  $('endpoint').textContent = endpoint;
  $('first-command').textContent =
    `cat > supervisor.yaml <<END\nserver:\n  endpoint: ${endpoint}\nagent:\n  executable: ./demo-service\nEND\n` +
    'opampd --config supervisor.yaml';
}

setInterval(refreshTimes, 1000);
showFirstSteps().catch(() => {});
follow();
listen();
