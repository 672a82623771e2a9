// Draws 16-bit pixels with a window: WebGL2, or the 2-D canvas where that is absent.
import type { Frame } from "./frames";

export interface Window16 { low: number; high: number; inverted: boolean }
// A pixel (u, v) of the frame is drawn at (x + scale * u, y + scale * v) of the canvas.
export interface Place { x: number; y: number; scale: number }
export interface Painter { paint: (frame: Frame, window: Window16, place: Place, isNew: boolean) => void; readonly kind: string }

const VERTEX = `#version 300 es
uniform vec4 place;
uniform vec2 size;
out vec2 at;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  at = corner;
  vec2 pixel = place.xy + corner * place.zw;
  gl_Position = vec4(pixel.x / size.x * 2.0 - 1.0, 1.0 - pixel.y / size.y * 2.0, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
precision highp usampler2D;
uniform usampler2D pixels;
uniform vec3 grey;
in vec2 at;
out vec4 colour;
float value(ivec2 place, ivec2 most) {
  return float(texelFetch(pixels, clamp(place, ivec2(0), most), 0).r);
}
void main() {
  ivec2 most = textureSize(pixels, 0) - 1;
  vec2 there = at * vec2(most + 1) - 0.5;
  ivec2 base = ivec2(floor(there));
  vec2 part = there - vec2(base);
  float top = mix(value(base, most), value(base + ivec2(1, 0), most), part.x);
  float low = mix(value(base + ivec2(0, 1), most), value(base + ivec2(1, 1), most), part.x);
  float shade = clamp((mix(top, low, part.y) - grey.x) / (grey.y - grey.x), 0.0, 1.0);
  colour = vec4(vec3(grey.z > 0.5 ? 1.0 - shade : shade), 1.0);
}`;

export function makePainter(canvas: HTMLCanvasElement, flat = false): Painter {
  const gl = flat ? null : canvas.getContext("webgl2", { antialias: false, alpha: false });
  return gl ? glPainter(canvas, gl) : flatPainter(canvas);
}

function area(frame: Frame, place: Place): [number, number, number, number] {
  const side = place.scale * frame.block;
  return [place.x - place.scale / 2, place.y - place.scale / 2, side * frame.columns, side * frame.rows];
}

function glPainter(canvas: HTMLCanvasElement, gl: WebGL2RenderingContext): Painter {
  let program = prepare(gl);
  let lost = false;
  canvas.addEventListener("webglcontextlost", (event) => {
    event.preventDefault();
    lost = true;
  });
  canvas.addEventListener("webglcontextrestored", () => {
    program = prepare(gl);
    lost = false;
  });
  return {
    kind: "WebGL2",
    paint: (frame, window, place, isNew) => {
      if (lost) return;
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
      if (isNew) {
        gl.texImage2D(gl.TEXTURE_2D, 0, gl.R16UI, frame.columns, frame.rows, 0, gl.RED_INTEGER, gl.UNSIGNED_SHORT, frame.pixels);
      }
      gl.uniform4f(gl.getUniformLocation(program, "place"), ...area(frame, place));
      gl.uniform2f(gl.getUniformLocation(program, "size"), canvas.width, canvas.height);
      gl.uniform3f(gl.getUniformLocation(program, "grey"), window.low, Math.max(window.high, window.low + 1), window.inverted ? 1 : 0);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    },
  };
}

function prepare(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind) as WebGLShader;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "WebGL2");
  gl.useProgram(program);
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
  return program;
}

function flatPainter(canvas: HTMLCanvasElement): Painter {
  const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
  const shades = document.createElement("canvas");
  return {
    kind: "2d",
    paint: (frame, window, place) => {
      shades.width = frame.columns;
      shades.height = frame.rows;
      const inner = shades.getContext("2d") as CanvasRenderingContext2D;
      const image = inner.createImageData(frame.columns, frame.rows);
      const words = new Uint32Array(image.data.buffer);
      const scale = 255 / Math.max(1, window.high - window.low);
      for (let n = 0; n < words.length; n++) {
        const shade = Math.max(0, Math.min(255, Math.round((frame.pixels[n] - window.low) * scale)));
        words[n] = 0xff000000 | ((window.inverted ? 255 - shade : shade) * 0x010101);
      }
      inner.putImageData(image, 0, 0);
      pen.fillStyle = "#000";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(shades, ...area(frame, place));
    },
  };
}

// The window from the 0.5th to the 99.5th percentile of a sample of the pixels.
export function autoWindow(pixels: Uint16Array): [number, number] {
  const step = Math.max(1, Math.floor(pixels.length / 4096));
  const sample: number[] = [];
  for (let n = 0; n < pixels.length; n += step) sample.push(pixels[n]);
  sample.sort((a, b) => a - b);
  const low = sample[Math.floor(0.005 * (sample.length - 1))];
  const high = sample[Math.ceil(0.995 * (sample.length - 1))];
  return [low, Math.max(high, low + 1)];
}
