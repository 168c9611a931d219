// What the selected agent tells of itself, live: its traces, its log records in time, its metrics.
import { $, call, oneAtATime, page } from './page.js';
import { bodyOf, clock } from './trace_tree.js';
import { TraceList } from './traces.js';
import { attributeLine, make, severityPill, sparkline } from './view.js';

const kPart = 50;
const kMostRecords = 500; // of one answer

const traces = new TraceList($('traces'), $('traces-more'), {
  path: () => page.selected && `/api/agents/${page.selected}/traces`,
  link: (id) => `#/agents/${page.selected}/traces/${id}`,
});
let recordsWanted = kPart;
let isBegun = false; // of the selected agent, everything was asked for once

/** Once the agent is shown; what comes later is told by `onTelemetry`. */
export function showTelemetry() {
  if (isBegun) return;
  isBegun = true;
  reloadTelemetry();
}

/** After a time in which nothing was told. */
export function reloadTelemetry() {
  if (!isBegun) return;
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
  recordsWanted = kPart;
  $('events').replaceChildren();
  $('events-more').hidden = true;
}

const address = () => `/api/agents/${page.selected}/log-records?limit=${recordsWanted}&severity=${$('events-severity').value}`;

/** All that are shown are asked for: one that comes late has its place among them. */
const loadRecords = oneAtATime(async () => {
  if (!page.selected) return;
  const asked = address();
  const answer = await call('GET', asked);
  if (asked !== address()) return;
  showRecords(answer.log_records);
  $('events-more').hidden = answer.next === null || recordsWanted >= kMostRecords;
});

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
      record.dropped ? make('span', { class: 'muted', text: `${record.dropped} attributes were left out` }) : null,
      href ? make('a', { href, text: 'trace' }) : null,
    ),
  );
}

function showRecords(records) {
  const items = new Map([...$('events').children].map((item) => [item.dataset.place, item]));
  const list = records.map((record) => {
    const item = items.get(record.place) ?? recordItem(record);
    item.dataset.place = record.place;
    return item;
  });
  $('events').replaceChildren(...(list.length ? list : [make('li', { class: 'muted', text: 'None yet.' })]));
}

$('events-severity').addEventListener('change', () => {
  forgetRecords();
  loadRecords();
});
$('events-more').addEventListener('click', () => {
  recordsWanted += kPart;
  loadRecords();
});

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
  if (!count) return 'none';
  return typeof metric.value === 'number' ? `${amount(metric.value / count, metric.unit)} × ${count}` : `× ${count}`; // without a sum
}

const loadMetrics = oneAtATime(async () => {
  const uid = page.selected;
  if (!uid) return;
  const { metrics, is_cut: isCut } = await call('GET', `/api/agents/${uid}/metrics`);
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
  const note = (text) => make('tr', {}, make('td', { class: 'muted', text }));
  if (rows.length === 0) rows.push(note('None yet.'));
  if (isCut) rows.push(note('There are more, which are not shown.'));
  $('metrics').replaceChildren(...rows);
});
