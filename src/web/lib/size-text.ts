import type { Language } from "./preferences.ts";

const STEPS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** Bytes as people read them: `48 kB`. */
export function sizeText(bytes: number, language: Language): string {
  const step = Math.min(STEPS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const format = new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en-GB", {
    style: "unit",
    unit: STEPS[step] ?? "byte",
    unitDisplay: "short",
    maximumFractionDigits: step === 0 ? 0 : 1,
  });
  return format.format(bytes / 1_000 ** step);
}
