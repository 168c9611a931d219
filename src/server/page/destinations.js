// Where an agent sends its own telemetry, and how much of it: both are changed while it runs.
import { editFirstFile, send } from './config.js';
import { $, act, call, can, otlpUrl, page, part } from './page.js';
import { clock } from './trace_tree.js';
import { configPill } from './view.js';

const kSignals = { traces: 'ReportsOwnTraces', metrics: 'ReportsOwnMetrics', logs: 'ReportsOwnLogs' };
const kSamplerCapability = 'io.opampd.telemetry';

let isEdited = false;
let isAnswered = false; // the note is an agent's answer
const field = (signal) => $(`own-${signal}`);

export function showDestinations(isOther) {
  const { detail } = page;
  if (isOther) {
    isEdited = false;
    edited = null;
    $('own-note').textContent = '';
    $('own-headers').value = '';
    $('service-note').textContent = '';
  }
  const offered = detail.connection_settings.offered ?? {};
  const accepted = Object.keys(kSignals).filter((signal) => can(kSignals[signal]));
  $('own').hidden = accepted.length === 0;
  $('own-none').hidden = accepted.length > 0;
  part('own-status', [accepted.length, detail.connection_settings.status], () =>
    $('own-status').replaceChildren(...(accepted.length ? [configPill(detail.connection_settings.status)] : [])),
  );
  for (const signal of Object.keys(kSignals)) field(signal).disabled = !accepted.includes(signal);
  if (!isEdited)
    for (const signal of Object.keys(kSignals)) field(signal).value = offered[`own_${signal}`]?.destination_endpoint ?? '';
  const names = new Set(Object.keys(kSignals).flatMap((signal) => Object.keys(offered[`own_${signal}`]?.headers ?? {})));
  $('own-headers-hint').textContent = names.size ? `Sent now: ${[...names].join(', ')}. Another URL has none of them until they are written again.` : 'One a line.';
  showSampler(isOther);
  showService();
}

// ---- destinations

function headersOf(text) {
  const headers = {};
  for (const line of text.split('\n').map((l) => l.trim()).filter(Boolean)) {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error(`“${line}” is not a header. Write “Name: value”.`);
    Object.defineProperty(headers, line.slice(0, colon).trim(), { value: line.slice(colon + 1).trim(), enumerable: true, configurable: true });
  }
  return headers;
}

/** What is to be offered of each signal whose URL is another one or that gets headers; the others stay as they are. */
function changeTo(endpointOf, headers) {
  const offered = page.detail.connection_settings.offered ?? {};
  const hasHeaders = Object.keys(headers).length > 0;
  const change = {};
  for (const signal of Object.keys(kSignals)) {
    const url = endpointOf(signal);
    const isSame = url === (offered[`own_${signal}`]?.destination_endpoint ?? '');
    if (field(signal).disabled || (isSame && !(url && hasHeaders))) continue;
    change[`own_${signal}`] = { destination_endpoint: url, ...(url && hasHeaders ? { headers } : {}) }; // '': none any more
  }
  return change;
}

function offer(endpointOf) {
  return act('own-note', async (uid, say) => {
    const change = changeTo(endpointOf, headersOf($('own-headers').value));
    if (Object.keys(change).length === 0) return say('Nothing of it is new.');
    const answer = await call('PATCH', `/api/agents/${uid}/connection-settings`, JSON.stringify(change));
    if (uid !== page.selected) return undefined;
    isEdited = false;
    $('own-headers').value = '';
    say(answer.connected ? '' : 'Saved. The agent gets it when it connects.');
    return page.reload();
  });
}

$('own').addEventListener('input', () => { isEdited = true; });
$('own').addEventListener('submit', (event) => {
  event.preventDefault();
  offer((signal) => field(signal).value.trim());
});
$('own-here').addEventListener('click', () => {
  for (const signal of Object.keys(kSignals)) if (!field(signal).disabled) field(signal).value = otlpUrl(signal);
  isEdited = true;
  $('own-note').textContent = 'This server’s own addresses. “Offer” sends them to the agent.';
});
$('own-stop').addEventListener('click', () => offer(() => ''));

// ---- the sampler of the supervisor, by a message of its own

function showSampler(isOther) {
  const has = page.detail.custom_capabilities.includes(kSamplerCapability);
  $('sampler').hidden = !has;
  const { sampler } = page.detail;
  part('sampler', [has, sampler], () => {
    if (sampler) $('sampler-note').textContent = `Answered at ${clock(sampler.time)}: ${sampler.text}`;
    else if (isOther || isAnswered) $('sampler-note').textContent = '';
    isAnswered = sampler !== null;
  });
}

/** The number that goes with a sampler is asked for where there is one. */
function tieAmount(kind, label, words) {
  const show = () => {
    const word = words[$(kind).value];
    $(label).hidden = !word;
    if (word) $(label).firstElementChild.textContent = word;
  };
  $(kind).addEventListener('change', show);
  show();
}
tieAmount('sampler-kind', 'sampler-amount-label', { traceidratio: 'Ratio, 0 to 1', parentbased_traceidratio: 'Ratio, 0 to 1', rate_limited: 'Traces a second' });

$('sampler').addEventListener('submit', (event) => {
  event.preventDefault();
  act('sampler-note', async (uid, say) => {
    const amount = $('sampler-amount-label').hidden ? '' : ` ${$('sampler-amount').value}`;
    isAnswered = false;
    say('Asked…');
    await call('POST', `/api/agents/${uid}/sampler`, JSON.stringify({ sampler: $('sampler-kind').value + amount }));
  });
});

// ---- the sampler and exporter of a service like demo-service, which are keys of its config

function configText() {
  const { remote_config: remote, effective_config: effective } = page.detail;
  return Object.values(remote.files ?? effective?.files ?? {})[0]?.body ?? '';
}

/** A key of the first level with what is below it: lines that are indented, with blank ones and comments between them. */
const blockOf = (key) => new RegExp(`^${key}:(.*(?:\\n(?:[ \\t]*(?:#.*)?\\n)*[ \\t]+\\S.*)*)`, 'm');

/** Its text; empty where there is none. */
const block = (text, key) => text.match(blockOf(key))?.[1] ?? '';

const scalar = (text, key) => text.match(new RegExp(`\\b${key}:[ \\t]*["']?([^\\s,}"'#]+)`))?.[1];

/** `text` with that key as `lines`; lines of other keys stay as they are. */
export function withKey(text, key, lines) {
  if (blockOf(key).test(text)) return text.replace(blockOf(key), () => lines);
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${lines}\n`;
}

let service = {}; // what the form began with
let edited = null; // the agent for which somebody is filling it in

function showService() {
  const text = configText();
  const effective = Object.values(page.detail.effective_config?.files ?? {})[0]?.body ?? '';
  const is = can('AcceptsRemoteConfig') && /^instrument:/m.test(effective + '\n' + text);
  $('service').hidden = !is;
  if (edited === page.selected) return; // news must not undo what is being typed
  part('service', [page.selected, is, text], () => {
    if (!is) return;
    const sampler = block(text, 'sampler');
    const exporter = block(text, 'exporter');
    const type = scalar(sampler, 'type') ?? sampler.trim();
    const isOffered = [...$('service-sampler').options].some((option) => option.value === type);
    $('service-on').checked = /^[ \t]*["']?true\b/.test(block(text, 'instrument'));
    $('service-sampler').value = isOffered ? type : '';
    $('service-amount').value = scalar(sampler, type === 'rate_limited' ? 'per_second' : 'ratio') ?? '0.1';
    $('service-console').checked = exporter === '' || scalar(exporter, 'console') === 'true';
    $('service-otlp').value = scalar(exporter, 'endpoint') ?? '';
    $('service-sampler').dispatchEvent(new Event('change'));
    // What this form does not know is not lost by it.
    for (const id of ['service-console', 'service-otlp', 'service-here']) $(id).disabled = /headers|compression/.test(exporter);
    service = { sampler: samplerLines(), exporter: exporterLines() };
  });
}
tieAmount('service-sampler', 'service-amount-label', { traceidratio: 'Ratio, 0 to 1', rate_limited: 'Traces a second' });

function samplerLines() {
  const type = $('service-sampler').value;
  if (!type) return null;
  const amount = { traceidratio: 'ratio', rate_limited: 'per_second' }[type];
  return `sampler:\n  type: ${type}${amount ? `\n  ${amount}: ${Number($('service-amount').value)}` : ''}`;
}

function exporterLines() {
  const endpoint = $('service-otlp').value.trim();
  return `exporter:\n  console: ${$('service-console').checked}${endpoint ? `\n  otlp:\n    endpoint: ${JSON.stringify(endpoint)}` : ''}`;
}

for (const change of ['input', 'change']) $('service').addEventListener(change, () => { edited = page.selected; });
$('service-here').addEventListener('click', () => {
  $('service-otlp').value = otlpUrl();
  edited = page.selected;
});
$('service').addEventListener('submit', (event) => {
  event.preventDefault();
  edited = null;
  const isSent = editFirstFile((text) => {
    const keys = { instrument: `instrument: ${$('service-on').checked}` };
    if (samplerLines() && samplerLines() !== service.sampler) keys.sampler = samplerLines();
    if (exporterLines() !== service.exporter) keys.exporter = exporterLines();
    return Object.entries(keys).reduce((edit, [key, lines]) => withKey(edit, key, lines), text);
  });
  if (isSent) send();
  else $('service-note').textContent = 'The config has no file of text that could be edited.';
});
