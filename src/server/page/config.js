// The remote config: what is set, how far it has got, and the editor.
import { Editor, requestBody, startingPoint } from './editor.js';
import { $, act, call, can, isShown, noteShown, page, part } from './page.js';
import { configPill, stepItems } from './view.js';

const editor = new Editor($('files'), $('file-template'), { onChange: keepDraft, onSend: send });

export function showConfig(before) {
  const config = page.detail.remote_config;
  const accepts = can('AcceptsRemoteConfig');
  $('editor').hidden = !accepts;
  $('no-config').hidden = accepts;
  part('config', [config.status, config.steps, config.set_at, page.detail.connected], () => {
    $('config-status').replaceChildren(configPill(config.status));
    const hasWay = config.hash !== null;
    $('steps').hidden = !hasWay;
    $('steps').replaceChildren(...(hasWay ? stepItems(config, page.detail.connected) : []));
  });
  const error = ['FAILED', 'TOO_LARGE'].includes(config.status) ? config.error_message || 'The agent gives no reason.' : '';
  if ($('config-error').textContent !== error) $('config-error').textContent = error;
  $('config-error').hidden = error === '';
  const isOther = before === null;
  if (isOther || !page.drafts.has(page.selected)) showFiles(isOther);
  else if (JSON.stringify(before?.remote_config.files) !== JSON.stringify(config.files))
    $('config-note').textContent = 'The config on the server has changed meanwhile. “Discard changes” shows it.';
  showDirty();
}

/** The draft, or where one would begin. Left alone while it says the same: the cursor stays. */
function showFiles(isOther) {
  const start = startingPoint(page.detail);
  const draft = page.drafts.get(page.selected);
  $('source').textContent = start.source;
  const files = draft ?? start.files;
  if (!isShown('files', filesKey(files))) editor.files = files;
  noteShown('files', filesKey(files));
  if (isOther) $('config-note').textContent = '';
}

function filesKey(files) {
  return JSON.stringify([page.selected, files.map(({ name, type, body }) => [name, type, body])]);
}

function keepDraft() {
  const key = filesKey(editor.files);
  if (key === filesKey(startingPoint(page.detail).files)) page.drafts.delete(page.selected);
  else page.drafts.set(page.selected, editor.files);
  noteShown('files', key);
  showDirty();
  page.redrawList();
}

function showDirty() {
  const isDirty = page.drafts.has(page.selected);
  const isEmpty = editor.files.length === 0;
  $('dirty').textContent = isDirty ? 'Unsent changes' : '';
  $('discard').disabled = !isDirty;
  $('send').disabled = editor.hasBinary;
  $('withdraw').hidden = page.detail.remote_config.hash === null;
  $('source').hidden = isDirty;
  if (isEmpty) $('dirty').textContent = 'Without a file, an agent that has no config of its own is stopped.';
}

export function send() {
  if (editor.hasBinary) return undefined;
  return act('config-note', async (uid, say) => {
    const draft = page.drafts.get(uid);
    say('');
    const body = requestBody(editor.files);
    const answer = await call('PUT', `/api/agents/${uid}/config`, body);
    if (page.drafts.get(uid) === draft) page.drafts.delete(uid); // else it was edited meanwhile
    say(answer.connected ? '' : 'Saved. The agent gets it when it connects.');
    page.redrawList();
    await page.reload();
  });
}

/** Changes the text of the first file by `edit`, as if it were done by hand. */
export function editFirstFile(edit) {
  const files = editor.files;
  if (files.length === 0 || files[0].isBinary) return false;
  files[0].body = edit(files[0].body);
  editor.files = files;
  keepDraft();
  return true;
}

$('editor').addEventListener('submit', (event) => {
  event.preventDefault();
  send();
});

$('discard').addEventListener('click', () => {
  page.drafts.delete(page.selected);
  $('config-note').textContent = '';
  showFiles(false);
  showDirty();
  page.redrawList();
});

$('add-file').addEventListener('click', () => editor.add());

$('withdraw').addEventListener('click', () =>
  act('config-note', async (uid, say) => {
    await call('DELETE', `/api/agents/${uid}/config`);
    say('No config is offered any more. The agent keeps the one it has.');
    await page.reload();
  }),
);
