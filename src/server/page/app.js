// Keeps the page up to date: what the server tells over /api/live, the list of agents, and which part is to be seen.
import { leaveDetail, showDetail, showSeen } from './agent.js';
import { $, call, oneAtATime, page } from './page.js';
import { leaveTelemetry, onTelemetry, reloadTelemetry, showTelemetry } from './telemetry.js';
import { showTraceView } from './traces.js';
import { fillItem, make, nameOf, refreshTimes } from './view.js';

const { agents, drafts } = page;
const items = new Map(); // uid -> its <li>
let view = { traces: false, trace: null, span: null }; // beside an agent: all traces, or one of them
let gone = null; // the uid that the server does not know

// ---- the server

page.reload = oneAtATime(async () => {
  const uid = page.selected;
  if (!uid) return;
  const answer = await call('GET', `/api/agents/${uid}`).catch((error) => (error.status === 404 ? null : undefined));
  if (answer === undefined || uid !== page.selected) return;
  gone = answer ? null : uid;
  showDetail(answer);
  showPanel();
  if (answer) showTelemetry();
});

async function loadAll() {
  const answer = await call('GET', '/api/agents');
  const known = new Set(answer.agents.map((agent) => agent.instance_uid));
  for (const uid of [...agents.keys()]) if (!known.has(uid)) forget(uid);
  for (const agent of answer.agents) agents.set(agent.instance_uid, agent);
  showList();
}

let pause = 250;
let wasLive = false;
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
        return Promise.all([page.reload(), showFirstSteps(), wasLive && reloadOthers()]);
      })
      .then(() => { wasLive = true; })
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

/** What the server may have been told meanwhile. */
function reloadOthers() {
  reloadTelemetry();
  if (view.traces || view.trace) showTraceView(page.selected, view.trace, view.span);
}

function onEvent(event) {
  const uid = event.event === 'agent.changed' ? event.agent.instance_uid : event.instance_uid;
  const isSelected = uid === page.selected;
  if (event.event === 'agent.forgotten') {
    forget(uid);
    if (isSelected) {
      gone = uid;
      showDetail(null);
    }
    showList();
  } else if (event.event === 'agent.seen') {
    const agent = agents.get(uid);
    if (agent) agent.last_seen = event.last_seen;
    if (agent && isSelected && page.detail) showSeen(event);
  } else if (event.event === 'agent.changed') {
    agents.set(uid, event.agent);
    showList();
    if (isSelected) page.reload();
  } else if (event.event === 'telemetry.received') {
    if (isSelected) onTelemetry(event.signal);
    if (view.traces && event.signal === 'traces') showTraceView(null, null, null);
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
    fillItem(item.firstElementChild, agent, { isCurrent: uid === page.selected, hasDraft: drafts.has(uid) });
    // Only what is out of place moves: a moved element would lose the focus.
    if (item === place) place = place.nextElementSibling;
    else $('agents').insertBefore(item, place);
  }
  const connected = sorted.filter((agent) => agent.connected).length;
  $('count').textContent = sorted.length ? `${connected} of ${sorted.length} connected` : '';
  $('filter-box').hidden = sorted.length < 10 && !filter;
  showPanel();
}
page.redrawList = showList;

/** One of: the agent, all traces, a trace, a hint to choose an agent, the first steps, "not known". */
function showPanel() {
  const { selected, detail } = page;
  const isTrace = view.trace !== null;
  const hasAgent = !isTrace && detail !== null && detail.instance_uid === selected;
  const isOpen = isTrace || view.traces || selected !== null;
  $('agent').hidden = !hasAgent;
  $('gone').hidden = isTrace || selected === null || gone !== selected;
  $('trace').hidden = !isTrace;
  $('all-traces').hidden = !view.traces;
  $('empty').hidden = isOpen || agents.size > 0;
  $('none').hidden = isOpen || agents.size === 0;
  $('layout').classList.toggle('one', isOpen); // on a phone: the agent or the list
  $('layout').classList.toggle('bare', agents.size === 0);
  const name = isTrace ? 'Trace' : view.traces ? 'Traces' : hasAgent ? nameOf(detail) : 'Agents';
  document.title = `${name} · opamp-server`;
}

$('copy-command').hidden = !navigator.clipboard; // browsers have it only where the page's address is secure
$('copy-command').addEventListener('click', async () => {
  await navigator.clipboard.writeText($('first-command').textContent);
  $('copy-command').textContent = 'Copied';
  setTimeout(() => { $('copy-command').textContent = 'Copy'; }, 2000);
});

$('filter').addEventListener('input', showList);
window.addEventListener('beforeunload', (event) => { if (drafts.size) event.preventDefault(); });

/** #/agents/UID, #/traces, #/traces/ID and #/agents/UID/traces/ID, with /SPAN behind it. */
function follow() {
  const [, uid = null, all = null, trace = null, span = null] =
    location.hash.match(/^#(?:\/agents\/([0-9a-f-]{36}))?(\/traces)?(?:\/([0-9a-f]{32})(?:\/([0-9a-f]{16}))?)?$/) ?? [];
  const isOther = uid !== page.selected;
  const wasTrace = view.trace;
  view = { traces: all !== null && trace === null && uid === null, trace, span };
  page.selected = uid;
  if (isOther) {
    leaveDetail();
    leaveTelemetry();
  }
  showList();
  if (view.traces || trace) showTraceView(uid, trace, span);
  if (isOther || trace !== wasTrace) window.scrollTo(0, 0);
  if (uid) page.reload().then(() => { if (isOther) $('detail').focus(); });
}
window.addEventListener('hashchange', follow);
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  $('detail').focus();
});

async function showFirstSteps() {
  page.server = await call('GET', '/api/server');
  const endpoint = page.server.opamp_endpoint.replace(/\/\/(0\.0\.0\.0|\[::\])/, `//${location.hostname}`);
  $('endpoint').textContent = endpoint;
  $('first-command').textContent =
    `cat > supervisor.yaml <<END\nserver:\n  endpoint: ${endpoint}\nagent:\n  executable: ./demo-service\nEND\n` +
    'opampd --config supervisor.yaml';
}

setInterval(refreshTimes, 1000);
follow();
listen();
