// The editor of a run's notes. It saves against the version that was read, and
// loses nobody's text when somebody else has saved in between.
import {get, put} from './api.js';
import {button, h, replace} from './elements.js';

export function notes_editor(run) {
  let version = run.notes.version;
  let saved = run.notes.text;
  const state = h('span', {class: 'soft', role: 'status'});
  const area = h('textarea', {'aria-label': `Notes on ${run.name}`, spellcheck: 'true',
    readonly: !run.notes.is_writable, oninput: () => show_state()});
  area.value = saved;

  function show_state(text) {
    const is_changed = area.value !== saved;
    save_button.disabled = !is_changed;
    state.textContent = text ?? (is_changed ? 'Not saved yet' : '');
  }
  async function save() {
    const text = area.value;
    save_button.disabled = true;
    state.textContent = 'Saving …';
    try {
      version = (await put(`/api/runs/${run.id}/notes`, {text, version})).version;
      saved = text;
      show_state(area.value === saved ? 'Saved' : undefined);
    } catch (error) {
      show_state(error.message);
      if (error.status === 409) await show_conflict();
    }
  }
  // Both texts side by side: the reader joins them, then saves again.
  async function show_conflict() {
    const {notes} = await get(`/api/runs/${run.id}`);
    version = notes.version;
    saved = notes.text;
    const theirs = h('textarea', {readonly: true, 'aria-label': 'What somebody else has saved'});
    theirs.value = notes.text;
    replace(conflict, h('p', {class: 'problem'}, 'Somebody else has saved this in the meantime. '
      + 'Join the two texts above, then save again.'), theirs);
    show_state('Not saved: changed elsewhere');
  }

  const save_button = button('Save', save, {disabled: true, class: 'main'});
  const conflict = h('div');
  // Leaving with text that is not saved asks first.
  window.addEventListener('beforeunload', (event) => {
    if (area.isConnected && area.value !== saved) event.preventDefault();
  });
  return h('div', {class: 'card'},
    run.notes.is_writable ? null
      : h('p', {class: 'soft'}, 'This folder is read-only: notes can be read, not changed.'),
    area, run.notes.is_writable ? h('div', {class: 'buttons'}, save_button, state) : null,
    conflict);
}
