// Leaflet, loaded when a map is first shown. It is a classic script of Debian's
// package, which this server hands on; it leaves its name in `window.L`.

let loading = null;

export function load_leaflet() {
  loading ??= new Promise((resolve, reject) => {
    const style = document.createElement('link');
    style.rel = 'stylesheet';
    style.href = '/lib/leaflet/leaflet.css';
    // Before the page's own style, which has the last word.
    document.head.prepend(style);
    const script = document.createElement('script');
    script.src = '/lib/leaflet/leaflet.js';
    script.onload = () => resolve(window.L);
    script.onerror = () => {
      loading = null;
      reject(new Error('Leaflet could not be loaded from this server: is the package '
        + 'libjs-leaflet installed where `nadir dashboard` runs?'));
    };
    document.head.append(script);
  });
  return loading;
}

// A colour of style.css as text, for what is drawn on a canvas.
export function style_color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
