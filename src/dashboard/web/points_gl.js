// Draws points with WebGL: positions and colours lie in the graphics memory,
// so that a frame costs one call whatever the number of points.

const kVertex = `
attribute vec2 place;
attribute vec4 color;
uniform vec2 scale;
uniform vec2 shift;
uniform float size;
varying lowp vec4 shade;
void main() {
  gl_Position = vec4(place * scale + shift, 0.0, 1.0);
  gl_PointSize = color.a > 0.0 ? size : 0.0;
  if (color.a == 0.0) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  shade = color;
}`;
const kFragment = `
varying lowp vec4 shade;
uniform lowp float opacity;
uniform lowp float is_round;
void main() {
  lowp vec2 off = gl_PointCoord - vec2(0.5);
  if (is_round > 0.5 && dot(off, off) > 0.25) discard;
  gl_FragColor = vec4(shade.rgb, shade.a * opacity);
}`;

// Not every browser counts its software renderer as a caveat.
function is_software(gl) {
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

function compile(gl, type, source) {
  const shader = gl.createShader(type);
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) {
    throw new Error(`WebGL: ${gl.getShaderInfoLog(shader)}`);
  }
  return shader;
}

export class GlPoints {
  // Throws where WebGL is missing, or, unless `takes_slow`, where it is done
  // without a graphics processor: then a canvas is ten times as fast.
  constructor(canvas, takes_slow) {
    const gl = canvas.getContext('webgl', {antialias: false, alpha: true,
      failIfMajorPerformanceCaveat: !takes_slow});
    if (!gl || (!takes_slow && is_software(gl))) throw new Error('WebGL is missing or slow');
    this.gl = gl;
    this.name = 'WebGL';
    const program = gl.createProgram();
    gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, kVertex));
    gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, kFragment));
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      throw new Error(`WebGL: ${gl.getProgramInfoLog(program)}`);
    }
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.at = Object.fromEntries(['scale', 'shift', 'size', 'opacity', 'is_round'].map((name) => [
      name, gl.getUniformLocation(program, name)]));
    this.places = this.attribute(program, 'place', 2, gl.FLOAT, false);
    this.colors = this.attribute(program, 'color', 4, gl.UNSIGNED_BYTE, true);
    this.num_points = 0;
  }

  attribute(program, name, num_values, type, is_normalized) {
    const {gl} = this;
    const buffer = gl.createBuffer();
    const at = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, num_values, type, is_normalized, 0, 0);
    return buffer;
  }

  set_places(xy) {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.places);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, xy, this.gl.STATIC_DRAW);
    this.num_points = xy.length / 2;
  }

  set_colors(rgba) {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.colors);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, rgba, this.gl.STATIC_DRAW);
  }

  // `view`: center (x, y) and px_per_unit, in pixels of the canvas.
  draw(view, size_px, opacity) {
    const {gl, at} = this;
    const {width, height} = gl.canvas;
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const sx = 2 * view.px_per_unit / width;
    const sy = 2 * view.px_per_unit / height;
    gl.uniform2f(at.scale, sx, sy);
    gl.uniform2f(at.shift, -view.x * sx, -view.y * sy);
    gl.uniform1f(at.size, size_px);
    gl.uniform1f(at.opacity, opacity);
    gl.uniform1f(at.is_round, size_px > 4 ? 1 : 0);
    gl.drawArrays(gl.POINTS, 0, this.num_points);
  }

  free() {
    this.gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}
