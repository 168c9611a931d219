// One agent: all that is known of it, and what can be done with it as a whole.
import { showConfig } from './config.js';
import { $, act, call, can, forgetShown, page, part } from './page.js';
import { showDestinations } from './destinations.js';
import { attributeColumn, componentItem, configPill, fileViews, healthItem, make, nameOf, pairs, statePill, time } from './view.js';

let restartAsked = null; // { startTime }

/** `answer`: what the server says of the selected agent; null: it does not know it. */
export function showDetail(answer) {
  const isOther = answer?.instance_uid !== page.detail?.instance_uid;
  const before = page.detail;
  page.detail = answer;
  if (isOther) forgetShown();
  if (!answer) return;
  showHead();
  showConfig(isOther ? null : before);
  part('effective', answer.effective_config, (config) => {
    const views = fileViews(config?.files ?? {});
    $('effective').replaceChildren(...(views.length ? views : [make('p', { class: 'muted', text: config ? 'The agent runs without a config.' : 'Not reported.' })]));
  });
  part('health', answer.health, (health) =>
    $('health').replaceChildren(health ? healthItem('Agent', health) : make('li', { class: 'muted', text: 'Not reported.' })),
  );
  part('settings', answer.connection_settings, showSettings);
  showDestinations(isOther);
  part('components', answer.available_components, (available) => {
    const items = Object.entries(available?.components ?? {}).map(([name, component]) => componentItem(name, component));
    $('components').replaceChildren(...(items.length ? items : [make('li', { class: 'muted', text: 'Not reported.' })]));
  });
  part('custom', answer.custom_capabilities, (names) => $('custom-capabilities').replaceChildren(...names.map((name) => make('li', { text: name }))));
  part('description', answer.description, (description) =>
    $('description').replaceChildren(
      attributeColumn('Identifying', description.identifying_attributes),
      attributeColumn('Non-identifying', description.non_identifying_attributes),
    ),
  );
  showProtocol();
}

export function leaveDetail() {
  page.detail = null;
  restartAsked = null;
  forgetShown();
  $('action-note').textContent = '';
}

/** A sign of life that changed nothing else. */
export function showSeen(event) {
  Object.assign(page.detail, { last_seen: event.last_seen, sequence_num: event.sequence_num });
  showHead();
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

function showHead() {
  const { detail } = page;
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
  const startTime = page.detail.health?.start_time;
  if (!startTime || startTime === restartAsked.startTime || !page.detail.health.healthy) return;
  $('action-note').textContent = `Restarted at ${new Date(startTime).toLocaleTimeString()}.`;
  restartAsked = null;
}

function showProtocol() {
  const { detail } = page;
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

$('restart').addEventListener('click', () =>
  act('action-note', async (uid, say) => {
    restartAsked = { startTime: page.detail.health?.start_time };
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
    if (uid === page.selected) location.hash = '#/';
  }),
);
