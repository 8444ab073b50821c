// Requests to the server that this page came from. A refusal becomes an Error
// whose message is the server's own sentence.

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, {credentials: 'same-origin', ...options});
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, 'The server does not answer. Is `nadir dashboard` still running?');
  }
  if (response.ok) return response;
  let message = `The server refused with status ${response.status}.`;
  try {
    message = (await response.json()).error || message;
  } catch {
    // No JSON: the status says enough.
  }
  throw new ApiError(response.status, message);
}

// `parameters`: values that are null or '' are left out; lists repeat the key.
export function path_of(path, parameters) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== '') query.append(key, one);
    }
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

export async function get(path, parameters, signal) {
  return (await request(path_of(path, parameters), {signal})).json();
}

// Little-endian bytes as `Type`, e.g. Float32Array.
export async function get_array(path, parameters, Type, signal) {
  const response = await request(path_of(path, parameters), {signal});
  return new Type(await response.arrayBuffer());
}

function send(method, path, body) {
  return request(path, {
    method,
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(body ?? {}),
  });
}

export async function put(path, body) {
  return (await send('PUT', path, body)).json();
}

export async function post(path, body) {
  return (await send('POST', path, body)).json();
}

// Sends a file as it is.
export async function post_file(path, file) {
  return (await request(path, {method: 'POST', body: file})).json();
}

// Posts, and saves the answer as a file under the name that the server gives.
export async function download(path, body, fallback_name) {
  const response = await send('POST', path, body);
  const header = response.headers.get('Content-Disposition') ?? '';
  const name = /filename="?([^";]+)"?/.exec(header)?.[1] ?? fallback_name;
  save(await response.blob(), name);
}

// To the reader's downloads.
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// Aborts when any of `signals` does.
export function either(...signals) {
  const joined = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) joined.abort();
    signal.addEventListener('abort', () => joined.abort(), {signal: joined.signal});
  }
  return joined.signal;
}

// What the server knows does not change but for runs: asked for once.
const kept = new Map();

export function get_once(path) {
  if (!kept.has(path)) {
    const answer = get(path);
    answer.catch(() => kept.delete(path));  // the next page may ask again
    kept.set(path, answer);
  }
  return kept.get(path);
}
