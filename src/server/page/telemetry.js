// What the selected agent tells of itself, live: its traces, its log records in time, its metrics.
import { $, call, oneAtATime, page } from './page.js';
import { bodyOf, clock } from './trace_tree.js';
import { TraceList } from './traces.js';
import { attributeLine, make, severityPill, sparkline } from './view.js';

const kPart = 50;
const kMostRecords = 1000;

const traces = new TraceList($('traces'), $('traces-more'), {
  path: () => page.selected && `/api/agents/${page.selected}/traces`,
  link: (id) => `#/agents/${page.selected}/traces/${id}`,
});
let records = []; // newest first
let next = null; // where older ones begin
let isBegun = false; // of the selected agent, everything was asked for once

/** Once the agent is shown; what comes later is told by `onTelemetry`. */
export function showTelemetry() {
  if (isBegun) return;
  isBegun = true;
  traces.load();
  loadRecords();
  loadMetrics();
}

export function onTelemetry(signal) {
  if (!isBegun) return;
  if (signal === 'traces') traces.load();
  else if (signal === 'logs') loadRecords();
  else loadMetrics();
}

export function leaveTelemetry() {
  isBegun = false;
  traces.leave();
  forgetRecords();
  $('metrics').replaceChildren();
}

// ---- log records

function forgetRecords() {
  records = [];
  next = null;
  $('events').replaceChildren();
  $('events-more').hidden = true;
}

const address = (before) => `/api/agents/${page.selected}/log-records?limit=${kPart}&severity=${$('events-severity').value}${before ? `&before=${before}` : ''}`;

/** The newest part. Where it joins what is shown, that stays; else there is a gap, and it begins anew. */
const loadRecords = oneAtATime(async () => {
  if (!page.selected) return;
  const asked = address();
  const answer = await call('GET', asked);
  if (asked !== address()) return;
  const known = new Map(records.map((record) => [record.place, record]));
  const joins = answer.log_records.some((record) => known.has(record.place));
  const fresh = answer.log_records.filter((record) => !known.has(record.place));
  if (joins && fresh.length === 0) return;
  if (!joins) {
    records = answer.log_records;
    next = answer.next;
  } else {
    records = [...fresh, ...records].slice(0, kMostRecords);
  }
  showRecords();
});

async function loadOlder() {
  const asked = address(next);
  const answer = await call('GET', asked);
  if (asked !== address(next)) return;
  records = [...records, ...answer.log_records];
  next = answer.next;
  showRecords();
}

function recordItem(record) {
  const href = record.trace_id ? `#/agents/${page.selected}/traces/${record.trace_id}${record.span_id ? `/${record.span_id}` : ''}` : null;
  return make(
    'li',
    {},
    make('time', { class: 'event-time', title: new Date(record.time).toLocaleString(), 'data-day': new Date(record.time).toLocaleDateString(), text: clock(record.time) }),
    severityPill(record),
    make(
      'span',
      { class: 'event-text' },
      make('b', { text: record.event_name }),
      make('span', { text: bodyOf(record) }),
      attributeLine(record.attributes),
      href ? make('a', { href, text: 'trace' }) : null,
    ),
  );
}

function showRecords() {
  const items = new Map([...$('events').children].map((item) => [item.dataset.place, item]));
  const list = records.map((record) => {
    const item = items.get(record.place) ?? recordItem(record);
    item.dataset.place = record.place;
    return item;
  });
  $('events').replaceChildren(...(list.length ? list : [make('li', { class: 'muted', text: 'None yet.' })]));
  $('events-more').hidden = next === null || records.length >= kMostRecords;
}

$('events-severity').addEventListener('change', () => {
  forgetRecords();
  loadRecords();
});
$('events-more').addEventListener('click', () => loadOlder().catch(() => {}));

// ---- metrics

const kBytes = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

function amount(value, unit) {
  if (typeof value !== 'number') return String(value);
  if (unit === 'By') {
    let step = 0;
    for (; Math.abs(value) >= 1024 && step < kBytes.length - 1; ++step) value /= 1024;
    return `${Number(value.toPrecision(3))} ${kBytes[step]}`;
  }
  const text = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  const word = unit.replace(/[{}]/g, '');
  return word === '1' || word === '' ? text : `${text} ${word}`;
}

function valueOf(metric) {
  const count = metric.details?.count;
  if (count === undefined) return amount(metric.value, metric.unit);
  return count ? `${amount(metric.value / count, metric.unit)} × ${count}` : 'none';
}

const loadMetrics = oneAtATime(async () => {
  const uid = page.selected;
  if (!uid) return;
  const { metrics } = await call('GET', `/api/agents/${uid}/metrics`);
  if (uid !== page.selected) return;
  const rows = metrics.map((metric) =>
    make(
      'tr',
      { title: metric.description || null },
      make('th', { scope: 'row' }, make('span', { text: metric.name }), attributeLine(metric.attributes)),
      make('td', { class: 'metric-value', text: valueOf(metric) }),
      make('td', { class: 'metric-line' }, sparkline(metric.history)),
    ),
  );
  const none = make('tr', {}, make('td', { class: 'muted', text: 'None yet.' }));
  $('metrics').replaceChildren(...(rows.length ? rows : [none]));
});
