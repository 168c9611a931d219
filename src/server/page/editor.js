// The editor of a remote config: any number of files, each with a name, a type and a text.
const kExample = [{ name: '', type: 'text/yaml', body: 'instrument: true\n' }];
const kMostRows = 24;

/** What the editor begins with: the config that is in force, else an example. */
export function startingPoint(agent) {
  const remote = agent.remote_config.files;
  if (remote) return { files: filesFrom(remote), source: 'This is the config set on this server.' };
  const effective = agent.effective_config?.files ?? {};
  const isEmpty = Object.values(effective).every((file) => file.body === '');
  if (!isEmpty) return { files: filesFrom(effective), source: 'No config is set here. The text is what the agent runs with now.' };
  return { files: kExample.map((file) => ({ ...file })), source: 'No config is set here. The text is an example.' };
}

function filesFrom(files) {
  // A text area knows one kind of line end; what is not text has no place in it.
  return Object.entries(files).map(([name, file]) => ({
    name,
    type: file.content_type,
    body: file.is_text ? file.body.replace(/\r\n?/g, '\n') : '',
    isBinary: !file.is_text,
  }));
}

const kHidden = '[REDACTED]'; // in place of a secret, in what an agent reports

/** The body of PUT /api/agents/{uid}/config. Throws where two files have one name, or a secret would be overwritten. */
export function requestBody(files) {
  const body = { files: {} };
  for (const file of files) {
    if (file.body.includes(kHidden)) throw new Error(`The agent hides a secret as ${kHidden}, and would get that text in its place. Write the secret, or leave its line out.`);
    if (Object.hasOwn(body.files, file.name)) throw new Error(`Two files have the name “${file.name || '(none)'}”.`);
    Object.defineProperty(body.files, file.name, { value: { body: file.body, content_type: file.type }, enumerable: true });
  }
  return JSON.stringify(body);
}

export class Editor {
  /** `onChange` is called after each change by hand, `onSend` for Ctrl+Enter. */
  constructor(box, template, { onChange, onSend }) {
    this.box = box;
    this.template = template;
    this.onChange = onChange;
    this.onSend = onSend;
  }

  get files() {
    return [...this.box.querySelectorAll('.file')].map((file) => ({
      name: file.querySelector('.file-name').value,
      type: file.querySelector('.file-type').value,
      body: file.querySelector('.file-body').value,
      isBinary: file.querySelector('.file-body').readOnly,
    }));
  }

  set files(files) {
    this.box.replaceChildren(...files.map((file) => this.fieldset(file)));
    this.relabel();
  }

  /** A config with such a file can be looked at, not sent: the text area does not hold its bytes. */
  get hasBinary() {
    return this.box.querySelector('.file-body:read-only') !== null;
  }

  add() {
    const fieldset = this.fieldset({ name: '', type: 'text/yaml', body: '' });
    this.box.append(fieldset);
    this.relabel();
    fieldset.querySelector('.file-name').focus();
    this.onChange();
  }

  fieldset(file) {
    const fieldset = this.template.content.firstElementChild.cloneNode(true);
    const body = fieldset.querySelector('.file-body');
    fieldset.querySelector('.file-name').value = file.name;
    fieldset.querySelector('.file-type').value = file.type;
    body.value = file.body;
    body.readOnly = file.isBinary === true;
    body.placeholder = file.isBinary ? 'This file is not text. It can be removed here, not edited.' : '';
    body.addEventListener('scroll', () => { fieldset.querySelector('.gutter').scrollTop = body.scrollTop; });
    body.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.onSend();
    });
    fieldset.addEventListener('input', () => this.changed(fieldset));
    fieldset.querySelector('.file-remove').addEventListener('click', () => {
      const neighbour = fieldset.nextElementSibling ?? fieldset.previousElementSibling;
      fieldset.remove();
      (neighbour?.querySelector('.file-remove') ?? this.box).focus(); // it went away with the button
      this.relabel();
      this.onChange();
    });
    this.number(fieldset);
    return fieldset;
  }

  changed(fieldset) {
    this.number(fieldset);
    this.relabel();
    this.onChange();
  }

  number(fieldset) {
    const body = fieldset.querySelector('.file-body');
    const lines = body.value.split('\n').length;
    fieldset.querySelector('.gutter').textContent = Array.from({ length: lines }, (_, i) => i + 1).join('\n');
    body.rows = Math.min(kMostRows, Math.max(6, lines + 1));
  }

  relabel() {
    for (const [index, file] of [...this.box.querySelectorAll('.file')].entries()) {
      const name = file.querySelector('.file-name').value;
      file.querySelector('legend').textContent = `File ${index + 1}`;
      file.querySelector('.file-body').setAttribute('aria-label', name ? `Content of ${name}` : 'Content');
      file.querySelector('.file-remove').setAttribute('aria-label', name ? `Remove ${name}` : `Remove file ${index + 1}`);
    }
  }
}
