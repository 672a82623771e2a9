// What is drawn over a frame: outlines, the ellipse of the stated errors, the names of several objects.
import type { Found } from "./api";
import type { Place } from "./picture";
import type { Ellipse } from "./pose";
import { texts } from "./texts";

const COLOURS: Record<string, string> = { TRACKING: "#56b4e9", LOW_CONFIDENCE: "#e69f00" };

// Draws an object's outline, solid where it is TRACKING, dashed where it is doubtful; returns how many polygons.
export function drawOutline(pen: CanvasRenderingContext2D, place: Place, one: Found): number {
  const polygons = one.status === "LOST" ? [] : (one.outline ?? []);
  pen.beginPath();
  for (const polygon of polygons) {
    polygon.forEach(([u, v], n) => pen[n ? "lineTo" : "moveTo"](...on(place, u, v)));
    pen.closePath();
  }
  stroke(pen, COLOURS[one.status], one.status === "LOW_CONFIDENCE" ? [8, 6] : []);
  return polygons.length;
}

export function drawEllipse(pen: CanvasRenderingContext2D, place: Place, one: Ellipse): void {
  const [x, y] = on(place, ...one.at);
  pen.beginPath();
  pen.ellipse(x, y, Math.max(1, place.scale * one.radii[0]), Math.max(1, place.scale * one.radii[1]), one.angle, 0, 2 * Math.PI);
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    pen.moveTo(x + 5 * dx, y + 5 * dy);
    pen.lineTo(x + 11 * dx, y + 11 * dy);
  }
  stroke(pen, "#f0e442", []);
}

export function drawName(pen: CanvasRenderingContext2D, place: Place, at: [number, number], one: Found): void {
  const [x, y] = on(place, ...at);
  pen.font = "13px sans-serif";
  pen.lineWidth = 4;
  pen.strokeStyle = "rgba(0, 0, 0, 0.8)";
  pen.fillStyle = COLOURS[one.status] ?? "#ffffff";
  const words = `${texts.symbols[one.status]} ${one.case}`;
  pen.strokeText(words, x + 14, y - 8);
  pen.fillText(words, x + 14, y - 8);
}

// A pixel of the frame on the canvas: the middle of canvas pixel (x, y) lies at (x + 0.5, y + 0.5).
function on(place: Place, u: number, v: number): [number, number] {
  return [place.x + place.scale * u, place.y + place.scale * v];
}

function stroke(pen: CanvasRenderingContext2D, colour: string, dashes: number[]): void {
  pen.lineJoin = "round";
  pen.setLineDash([]);
  pen.strokeStyle = "rgba(0, 0, 0, 0.65)";
  pen.lineWidth = 4;
  pen.stroke();
  pen.setLineDash(dashes);
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.stroke();
  pen.setLineDash([]);
}
