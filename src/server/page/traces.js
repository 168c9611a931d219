// Lists of traces, of one agent or all, and the one that was chosen.
import { $, call, oneAtATime } from './page.js';
import { nanoseconds, traceRows } from './trace_tree.js';
import { make, time } from './view.js';

const kPart = 25;

/** The line of a trace; `href`: where it is shown. */
function traceItem(trace, href) {
  const name = trace.has_root ? trace.name : `${trace.name} (its root is not here)`;
  return make(
    'li',
    {},
    make(
      'a',
      { class: 'trace-line', href },
      make('span', { class: 'trace-name' }, make('b', { text: name || '(no name)' }), make('span', { class: 'muted', text: trace.service })),
      trace.errors ? make('span', { class: 'pill bad', text: `▲ ${trace.errors} ${trace.errors === 1 ? 'error' : 'errors'}` }) : make('span'),
      make('span', { class: 'muted', text: trace.spans === 1 ? '1 span' : `${trace.spans} spans` }),
      make('span', { class: 'trace-time', text: nanoseconds(trace.duration_ns) }),
      make('span', { class: 'muted trace-when' }, time(trace.start)),
    ),
  );
}

/** A list that can be read on. `path`: of the REST interface; `link`: where a trace of it is shown. */
export class TraceList {
  constructor(list, more, { path, link }) {
    Object.assign(this, { list, more, path, link, parts: 1, key: '' });
    more.addEventListener('click', () => {
      this.parts += 1;
      this.load();
    });
    this.load = oneAtATime(() => this.loadAll());
  }

  leave() {
    this.parts = 1;
    this.key = '';
    this.list.replaceChildren();
    this.more.hidden = true;
  }

  async loadAll() {
    const path = this.path();
    if (!path) return;
    const traces = [];
    let next = '';
    for (let part = 0; part < this.parts && next !== null; ++part) {
      const answer = await call('GET', `${path}?limit=${kPart}${next ? `&before=${next}` : ''}`);
      traces.push(...answer.traces);
      next = answer.next;
    }
    const key = JSON.stringify(traces);
    if (path !== this.path() || key === this.key) return;
    this.key = key;
    const none = make('li', { class: 'muted', text: 'None yet.' });
    this.list.replaceChildren(...(traces.length ? traces.map((trace) => traceItem(trace, this.link(trace.trace_id))) : [none]));
    this.more.hidden = next === null;
  }
}

// ---- all traces, and one

let wanted = { uid: null, trace: null, span: null };
const all = new TraceList($('all-traces-list'), $('all-traces-more'), {
  path: () => (wanted.trace === null ? '/api/traces' : null),
  link: (id) => `#/traces/${id}`,
});

/** What is at that address: a trace, seen from an agent or not, or the list of all. */
export function showTraceView(uid, trace, span) {
  wanted = { uid, trace, span };
  if (!trace) {
    all.load();
    return;
  }
  const back = uid ? `#/agents/${uid}` : '#/traces';
  $('trace-back').href = back;
  $('trace-back').textContent = uid ? '← The agent' : '← All traces';
  loadTrace();
}

const loadTrace = oneAtATime(async () => {
  const { trace, span } = wanted;
  if (!trace) return;
  $('trace-error').hidden = true;
  try {
    const answer = await call('GET', `/api/traces/${trace}`);
    if (trace === wanted.trace) showTrace(answer, span);
  } catch (error) {
    if (trace !== wanted.trace) return;
    $('trace-error').textContent = error.message;
    $('trace-error').hidden = false;
    $('trace-rows').replaceChildren();
    $('trace-name').textContent = 'Trace';
    $('trace-about').replaceChildren();
  }
});

function showTrace(trace, span) {
  const root = trace.spans.find(({ parent_id }) => parent_id === '') ?? trace.spans[0];
  const errors = trace.spans.filter(({ status }) => status === 'error').length;
  $('trace-name').textContent = root.name || '(no name)';
  $('trace-about').replaceChildren(
    make('span', { text: `${trace.spans.length} spans` }),
    errors ? make('span', { class: 'pill bad', text: `▲ ${errors} with errors` }) : make('span', { class: 'pill good', text: '✓ no error' }),
    time(trace.start, 'began '),
    make('code', { text: trace.trace_id }),
    trace.is_cut ? make('span', { class: 'pill busy', text: 'only a part of it is shown' }) : '',
  );
  $('trace-rows').replaceChildren(...traceRows(trace, span));
  if (span) $('trace-rows').querySelector('[aria-expanded="true"]')?.scrollIntoView({ block: 'center' });
}

$('trace-refresh').addEventListener('click', () => loadTrace());
$('all-traces-refresh').addEventListener('click', () => all.load());
