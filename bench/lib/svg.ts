import type { Axis, Chart } from "./bench.ts";
import { cell } from "./bench.ts";

const WIDTH = 720;
const HEIGHT = 420;
const MARGIN = { top: 44, right: 190, bottom: 52, left: 74 };
/** Distinct also for people who see few colours (Okabe and Ito, 2008). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
const TICKS = 5;

/** Draws a chart as an SVG document that needs nothing else. */
export function drawChart(chart: Chart): string {
  const points = chart.series.flatMap((series) => series.points);
  const xScale = scale(
    chart.x,
    points.map((point) => point.x),
    MARGIN.left,
    WIDTH - MARGIN.right,
  );
  const yScale = scale(
    chart.y,
    points.flatMap((point) => [point.y, point.low ?? point.y, point.high ?? point.y]),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  );
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>${escapeXml(chart.title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${MARGIN.left}" y="24" font-size="15" font-weight="600">${escapeXml(chart.title)}</text>`,
    ...xScale.ticks.map(
      (tick) =>
        `<line x1="${n(xScale.at(tick))}" x2="${n(xScale.at(tick))}" y1="${MARGIN.top}" y2="${HEIGHT - MARGIN.bottom}" stroke="#eee"/>` +
        `<text x="${n(xScale.at(tick))}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle">${cell(tick)}</text>`,
    ),
    ...yScale.ticks.map(
      (tick) =>
        `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${n(yScale.at(tick))}" y2="${n(yScale.at(tick))}" stroke="#eee"/>` +
        `<text x="${MARGIN.left - 8}" y="${n(yScale.at(tick) + 4)}" text-anchor="end">${cell(tick)}</text>`,
    ),
    `<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escapeXml(chart.x.label)}</text>`,
    `<text transform="translate(18 ${(MARGIN.top + HEIGHT - MARGIN.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(chart.y.label)}</text>`,
  ];
  chart.series.forEach((series, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? "#000";
    const at = series.points.map((point) => ({ ...point, px: xScale.at(point.x), py: yScale.at(point.y) }));
    parts.push(
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${at.map(({ px, py }) => `${n(px)},${n(py)}`).join(" ")}"/>`,
    );
    for (const { px, py, low, high } of at) {
      if (low !== undefined && high !== undefined) {
        parts.push(
          `<line x1="${n(px)}" x2="${n(px)}" y1="${n(yScale.at(low))}" y2="${n(yScale.at(high))}" stroke="${colour}"/>`,
        );
      }
      parts.push(`<circle cx="${n(px)}" cy="${n(py)}" r="3" fill="${colour}"/>`);
    }
    const y = MARGIN.top + 12 + index * 20;
    const x = WIDTH - MARGIN.right + 14;
    parts.push(
      `<rect x="${x}" y="${y - 9}" width="10" height="10" fill="${colour}"/>`,
      `<text x="${x + 16}" y="${y}">${escapeXml(series.name)}</text>`,
    );
  });
  parts.push("</svg>", "");
  return parts.join("\n");
}

interface Scale {
  at(value: number): number;
  ticks: number[];
}

function scale(axis: Axis, values: readonly number[], from: number, to: number): Scale {
  const isLog = axis.log === true;
  const most = Math.max(...values);
  if (isLog) {
    const low = Math.log10(Math.min(...values));
    const high = Math.max(Math.log10(most), low + 0.1);
    const ticks: number[] = [];
    for (let power = Math.ceil(low); power <= Math.floor(high); power += 1) ticks.push(10 ** power);
    const at = (value: number) => from + ((Math.log10(value) - low) / (high - low)) * (to - from);
    return { at, ticks: ticks.length > 1 ? ticks : [10 ** low, most] };
  }
  const step = niceStep((most > 0 ? most : 1) / TICKS);
  const top = Math.max(Math.ceil(most / step), 1) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  return { at: (value) => from + (value / top) * (to - from), ticks };
}

/** The smallest of 1, 2, 5 times a power of ten that is at least `raw`. */
function niceStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  return ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
}

function n(value: number): string {
  return value.toFixed(1);
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
