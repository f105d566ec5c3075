import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { fromRoot } from "../../../scripts/lib/paths.ts";

/** The browser of the system; CHROMIUM names another one. */
const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** Nothing but the pages under test goes over the network, and no sandbox or GPU of the machine is needed. */
const SWITCHES = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** What one step of a test may take on a busy machine, milliseconds. */
export const STEP_MS = 60_000;

/** Whether there is a browser to test with; says so once where there is none. */
export const hasChromium = existsSync(EXECUTABLE);
// Past the console, which the runner keeps quiet for tests that do not fail.
if (!hasChromium) process.stderr.write(`skipped: there is no browser at ${EXECUTABLE}\n`);

/** Starts the browser. The caller closes it. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: SWITCHES });
}

export interface Look {
  theme?: "light" | "dark";
  language?: "en" | "zh";
  size?: { width: number; height: number };
  /** The browser's time zone (IANA); default UTC. */
  zone?: string;
}

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 360, height: 780 };

/** A browser of somebody else: nothing shared with the other contexts. */
export async function newContext(browser: Browser, baseURL: string, look: Look = {}): Promise<BrowserContext> {
  const context = await browser.newContext({
    baseURL,
    viewport: look.size ?? DESKTOP,
    colorScheme: look.theme ?? "light",
    locale: look.language === "zh" ? "zh-CN" : "en-GB",
    timezoneId: look.zone ?? "UTC",
  });
  context.setDefaultTimeout(STEP_MS);
  return context;
}

/** What went wrong inside a page: faults of script, and everything that its security policy refused. */
export function watchFaults(page: Page): string[] {
  const faults: string[] = [];
  page.on("pageerror", (fault) => faults.push(fault.message));
  page.on("console", (message) => {
    // The browser itself logs every answer of 400 and above; those are the API's to give.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      faults.push(message.text());
  });
  return faults;
}

const SCREENSHOTS = fromRoot("test-results/screenshots");

/** Leaves a picture for a person to look at. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), animations: "disabled" });
}
