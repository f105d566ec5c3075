import { cell } from "../../bench/lib/bench.ts";
import { drawChart } from "../../bench/lib/svg.ts";

/** One line of a panel: values over time, null where there is none. */
export interface PanelSeries {
  name: string;
  /** Seconds since the beginning, and the value then. */
  points: [seconds: number, value: number][];
}

/** A panel with what its expressions gave. */
export interface DrawnPanel {
  kind: "stat" | "timeseries";
  title: string;
  unit: string;
  x: number;
  y: number;
  w: number;
  h: number;
  series: PanelSeries[];
}

/** Grafana's grid has 24 columns; a chart of half the width is then 720 by 420, as the charts of the benchmarks are. */
const COLUMN = 60;
const ROW = 52.5;
const HEAD = 56;
/** Lines of one panel that are drawn; the rest would hide them. */
const MAX_SERIES = 7;
const SUFFIXES: Record<string, string> = { s: " s", reqps: " /s", percentunit: " %" };

/** Draws a dashboard as one SVG document that needs nothing else. */
export function drawDashboard(title: string, subtitle: string, panels: readonly DrawnPanel[]): string {
  const bottom = Math.max(...panels.map(({ y, h }) => y + h));
  const [width, height] = [24 * COLUMN, HEAD + bottom * ROW];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#f4f5f7"/>`,
    `<text x="20" y="36" font-size="24" font-weight="600">${escapeXml(title)}</text>`,
    `<text x="${width - 20}" y="36" font-size="14" fill="#555" text-anchor="end">${escapeXml(subtitle)}</text>`,
    ...panels.map(drawPanel),
    "</svg>",
    "",
  ].join("\n");
}

function drawPanel(panel: DrawnPanel): string {
  const [x, y, w, h] = [panel.x * COLUMN, HEAD + panel.y * ROW, panel.w * COLUMN, panel.h * ROW];
  const box = `<rect x="${x + 4}" y="${y + 4}" width="${w - 8}" height="${h - 8}" rx="4" fill="#fff" stroke="#ddd"/>`;
  const series = panel.series.filter(({ points }) => points.length > 0);
  if (panel.kind === "timeseries" && series.length > 0) return `${box}\n${drawLines(panel, series, x, y, w, h)}`;
  // Of series that have ended (an earlier version, say) nothing is current.
  const ends = Math.max(...series.map(({ points }) => points.at(-1)?.[0] ?? 0));
  const values = series.filter(({ points }) => points.at(-1)?.[0] === ends).map(({ points }) => points.at(-1)?.[1]);
  const shown = values.length === 0 ? "no data" : values.map((value) => format(value ?? 0, panel.unit)).join("  ");
  const size = panel.kind === "stat" && values.length > 0 ? (shown.length > 6 ? 40 : 52) : 24;
  const colour = values.length > 0 ? "#0072b2" : "#999";
  return [
    box,
    `<text x="${x + 20}" y="${y + 34}" font-size="15" font-weight="600">${escapeXml(panel.title)}</text>`,
    `<text x="${x + w / 2}" y="${y + h / 2 + 24}" font-size="${size}" fill="${colour}" text-anchor="middle">${escapeXml(shown)}</text>`,
  ].join("\n");
}

function drawLines(panel: DrawnPanel, series: PanelSeries[], x: number, y: number, w: number, h: number): string {
  const last = ({ points }: PanelSeries) => Math.max(...points.map(([, value]) => value));
  const chart = drawChart({
    file: "",
    title: panel.title,
    x: { label: "minutes" },
    y: { label: SUFFIXES[panel.unit]?.trim() ?? "" },
    series: series
      .toSorted((a, b) => last(b) - last(a))
      .slice(0, MAX_SERIES)
      .map(({ name, points }) => ({ name, points: points.map(([seconds, value]) => ({ x: seconds / 60, y: value })) })),
  });
  const place = `<svg x="${x + 8}" y="${y + 8}" width="${w - 16}" height="${h - 16}"`;
  return chart
    .replace("<svg", place)

    .replaceAll(/ r="3"/g, ' r="1.5"');
}

function format(value: number, unit: string): string {
  if (unit === "percentunit") return `${cell(value * 100)} %`;
  return `${cell(value)}${SUFFIXES[unit] ?? ""}`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
