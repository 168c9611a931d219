// Builds what is seen. Text of agents becomes text nodes and attributes, never markup.

/** An element with properties ("class", "text", attributes) and children; nothing is left out for null. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (name === 'text') element.textContent = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** "3 s ago", "2 min ago": the coarse truth; the exact one is in the title. */
export function ago(iso, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - Date.parse(iso)) / 1000));
  if (seconds < 2) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} days ago`;
}

/** A <time> that `refreshTimes` keeps up to date. */
export function time(iso, prefix = '') {
  const element = make('time', { datetime: iso, title: new Date(iso).toLocaleString(), 'data-prefix': prefix });
  element.textContent = prefix + ago(iso);
  return element;
}

export function refreshTimes() {
  for (const element of document.querySelectorAll('time[datetime]'))
    element.textContent = element.dataset.prefix + ago(element.dateTime);
}

function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 60000 ? `${(milliseconds / 1000).toFixed(2)} s` : `${Math.round(milliseconds / 60000)} min`;
}

/** Sign, word and colour: none of them alone carries the meaning. */
export function statePill(agent) {
  if (!agent.connected) return make('span', { class: 'pill', text: '○ disconnected' });
  if (agent.healthy === null) return make('span', { class: 'pill', text: '● connected' });
  return agent.healthy ? make('span', { class: 'pill good', text: '● healthy' }) : make('span', { class: 'pill bad', text: '▲ unhealthy' });
}

const kConfigWords = {
  UNSET: ['', 'none'],
  WAITING: ['busy', '… waiting'],
  OFFERED: ['busy', '… offered'],
  TOO_LARGE: ['bad', '✕ too large'],
  APPLYING: ['busy', '… APPLYING'],
  APPLIED: ['good', '✓ APPLIED'],
  FAILED: ['bad', '✕ FAILED'],
};

export function configPill(status) {
  const [look, word] = kConfigWords[status] ?? ['', status];
  return make('span', { class: `pill ${look}`, text: word });
}

/** The name an agent gives itself, else the end of its id. */
export function nameOf(agent) {
  return agent.name || `agent ${agent.instance_uid.slice(-6)}`;
}

/** Fills the list's entry; the link itself stays, so that it keeps the focus. */
export function fillItem(link, agent, { isCurrent, hasDraft }) {
  link.href = `#/agents/${agent.instance_uid}`;
  if (isCurrent) link.setAttribute('aria-current', 'page');
  else link.removeAttribute('aria-current');
  const config = agent.config_status === 'UNSET' ? '' : `config ${agent.config_status.toLowerCase()}`;
  link.replaceChildren(
    make('span', { class: 'item-top' }, make('span', { class: 'item-name', text: nameOf(agent) }), statePill(agent)),
    make(
      'span',
      { class: 'item-bottom' },
      make('span', { class: 'item-host', text: agent.host || agent.instance_uid.slice(-12) }),
      hasDraft ? make('span', { class: 'dirty', text: 'unsent' }) : null,
      agent.connected ? make('span', { class: 'config', text: config }) : time(agent.last_seen),
    ),
  );
}

const kSteps = ['WAITING', 'OFFERED', 'APPLYING', 'APPLIED'];
const kStepWords = { WAITING: 'Set', OFFERED: 'Offered', APPLYING: 'APPLYING', APPLIED: 'APPLIED', FAILED: 'FAILED' };

/** The four steps of a config: those behind it with their times, the one it is at, those before it. */
export function stepItems(config, isConnected) {
  const reached = config.status === 'FAILED' ? 3 : Math.max(0, kSteps.indexOf(config.status)); // TOO_LARGE: set, and no further
  const began = config.set_at ? Date.parse(config.set_at) : null;
  return kSteps.map((step, index) => {
    const status = index === 3 && config.status === 'FAILED' ? 'FAILED' : step;
    const at = config.steps.filter((s) => s.status === status).at(-1)?.time ?? (index === 0 ? config.set_at : null);
    let look = index < reached ? 'done' : '';
    if (index === reached) look = { APPLIED: 'good', FAILED: 'bad' }[status] ?? 'busy';
    const item = make('li', { class: look, 'aria-current': index === reached ? 'step' : null }, make('b', { text: kStepWords[status] }));
    if (index > reached) return item;
    if (index === 0 && reached === 0 && !isConnected) item.append(make('small', { text: 'waits for the agent to connect' }));
    else if (at && index === 0) item.append(make('small', {}, time(at)));
    else if (at && began) item.append(make('small', { text: `+${duration(Date.parse(at) - began)}`, title: new Date(at).toLocaleString() }));
    return item;
  });
}

/** Files to be read; what is not text is said to be so. */
export function fileViews(files) {
  return Object.entries(files).map(([name, file]) => {
    const about = [name || '(no name)', file.content_type].filter(Boolean).join(' · ');
    const body = file.is_text ? file.body : 'This file is not text.';
    return make(
      'div',
      { class: 'view' },
      make('span', { class: 'view-name', text: about }),
      make('pre', { role: 'group', tabindex: '0', 'aria-label': `Content of ${name || 'the file'}`, text: body || '(empty)' }),
    );
  });
}

export function healthItem(name, health) {
  const row = make(
    'span',
    { class: 'row' },
    make('span', { class: health.healthy ? 'pill good' : 'pill bad', text: health.healthy ? '● healthy' : '▲ unhealthy' }),
    make('b', { text: name }),
    health.status ? make('span', { text: health.status }) : null,
    health.last_error ? make('span', { class: 'bad-text', text: health.last_error }) : null,
    health.start_time ? make('span', { class: 'muted' }, time(health.start_time, 'started ')) : null,
  );
  const parts = Object.entries(health.components);
  const children = parts.length ? make('ul', {}, ...parts.map(([part, value]) => healthItem(part, value))) : null;
  return make('li', {}, row, children);
}

/** A component with its metadata and its parts. */
export function componentItem(name, component) {
  const metadata = Object.entries(component.metadata).map(([key, value]) => `${key}: ${value}`).join(' · ');
  const parts = Object.entries(component.components);
  const row = make('span', { class: 'row' }, make('b', { text: name }), metadata ? make('span', { class: 'muted', text: metadata }) : null);
  return make('li', {}, row, parts.length ? make('ul', {}, ...parts.map(([part, value]) => componentItem(part, value))) : null);
}

export function pairs(entries) {
  return entries.flatMap(([key, value]) => [
    make('dt', { text: key }),
    value instanceof Node ? make('dd', {}, value) : make('dd', { text: value }),
  ]);
}

export function attributeColumn(title, attributes) {
  const entries = Object.entries(attributes);
  const content = entries.length ? make('dl', { class: 'pairs' }, ...pairs(entries)) : make('p', { class: 'muted', text: 'none' });
  return make('div', {}, make('h4', { text: title }), content);
}

// ---- telemetry

/** A value of an attribute, as text. */
function valueText(value) {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Attributes to be read, one a line. */
export function attributeTree(attributes) {
  const entries = Object.entries(attributes);
  return entries.length
    ? make('dl', { class: 'pairs' }, ...pairs(entries.map(([key, value]) => [key, valueText(value)])))
    : make('p', { class: 'muted', text: 'none' });
}

/** Attributes in passing: "key=value key=value". */
export function attributeLine(attributes) {
  const text = Object.entries(attributes).map(([key, value]) => `${key}=${valueText(value)}`).join('  ');
  return text ? make('span', { class: 'muted attributes', text }) : null;
}

/** Severity numbers of OpenTelemetry, in steps of four. */
export function severityPill(record) {
  const number = record.severity_number;
  const word = record.severity_text || ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'][Math.ceil(number / 4) - 1] || 'LOG';
  const look = number >= 17 ? 'bad' : number >= 13 ? 'busy' : '';
  return make('span', { class: `pill severity ${look}`, text: word });
}

const kSvg = 'http://www.w3.org/2000/svg';

/** The last values as a line; nothing where there is no line to be seen. */
export function sparkline(values) {
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length < 2) return '';
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const points = numbers.map((value, i) => `${(100 * i) / (numbers.length - 1)},${high === low ? 10 : 19 - (18 * (value - low)) / (high - low)}`);
  const svg = document.createElementNS(kSvg, 'svg');
  const line = document.createElementNS(kSvg, 'polyline');
  for (const [name, value] of Object.entries({ viewBox: '0 0 100 20', preserveAspectRatio: 'none', 'aria-hidden': 'true' })) svg.setAttribute(name, value);
  line.setAttribute('points', points.join(' '));
  svg.append(line);
  return svg;
}
