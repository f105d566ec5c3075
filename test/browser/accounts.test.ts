import { base32 } from "@better-auth/utils/base32";
import { createOTP } from "@better-auth/utils/otp";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seriousFindings } from "../support/browser/axe.ts";
import { hasChromium, launchChromium, newContext, screenshot, watchFaults } from "../support/browser/chromium.ts";
import { type Person, Site } from "../support/browser/site.ts";

const NARROW = { width: 390, height: 800 };
const NEW = "a new and long password";

describe.skipIf(!hasChromium)("accounts on the pages", () => {
  let site: Site;
  let browser: Browser;
  /** Passkeys belong to a name, never to a number: the same server by its name. */
  let url: string;
  beforeAll(async () => {
    [site, browser] = await Promise.all([Site.start(), launchChromium()]);
    url = site.url.replace("127.0.0.1", "localhost");
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function opened(path: string, look: Parameters<typeof newContext>[2] = {}, person?: Person) {
    const context = await newContext(browser, url, look);
    if (person !== undefined) await site.signIn(context, person);
    const page = await context.newPage();
    const faults = watchFaults(page);
    page.on("dialog", (dialog) => void dialog.accept());
    await page.goto(path);
    return { context, page, faults };
  }

  /** No wider than the screen, and nothing that keeps somebody out. */
  async function isSound(page: Page, name: string): Promise<void> {
    await screenshot(page, name);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    expect(await seriousFindings(page)).toEqual([]);
  }

  /** The link in the newest mail with a subject, as the page of mail shows it. */
  async function linkFrom(context: BrowserContext, subject: string): Promise<string> {
    const mail = await context.newPage();
    await mail.goto("/mail");
    const link = mail.locator("article", { hasText: subject }).first().getByRole("link");
    await link.waitFor();
    const address = await link.getAttribute("href");
    await isSound(mail, "mail");
    await mail.close();
    if (address === null) throw new Error("the mail has no link");
    return address;
  }

  it("a forgotten password is replaced by a link in a mail; typed text is still there after a reload", async () => {
    const person = await site.person("forgetful");
    const { context, page, faults } = await opened("/sign-in", { size: NARROW });
    await page.getByLabel("E-mail address").fill(person.email);
    await page.reload();
    expect(await page.getByLabel("E-mail address").inputValue()).toBe(person.email);
    await page.getByRole("button", { name: "Forgotten your password?" }).click();
    expect(await page.getByLabel("E-mail address").inputValue()).toBe(person.email);
    await isSound(page, "forgotten");
    await page.getByRole("button", { name: "Send the link" }).click();
    await page.getByText("a mail is on its way").waitFor();
    await page.goto(await linkFrom(context, "Choose a new password"));
    await page.getByLabel("New password").fill("1234567890");
    await page.getByRole("button", { name: "Set the password" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("New password").fill(NEW);
    await page.getByRole("button", { name: "Set the password" }).click();
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.getByLabel("E-mail address").fill(person.email);
    await page.getByLabel("Password").fill(NEW);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Courses" }).waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("a passkey is made on the account page and signs in without a password", async () => {
    const person = await site.person("keyholder");
    const { context, page, faults } = await opened("/account", {}, person);
    const client = await context.newCDPSession(page);
    await client.send("WebAuthn.enable");
    await client.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    const part = page.getByRole("region", { name: "Passkeys" });
    await part.getByLabel("Name of the passkey").fill("Test key");
    await part.getByLabel("Your password").fill(person.password);
    await part.getByRole("button", { name: "Add a passkey" }).click();
    await part.getByRole("listitem").filter({ hasText: "Test key" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await part.getByText("last used").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("a second factor is set up on the account page, and asked for at the next sign-in", async () => {
    const person = await site.person("careful");
    const { context, page, faults } = await opened("/account", {}, person);
    const part = page.getByRole("region", { name: "Second factor" });
    await part.getByLabel("Your password").fill(person.password);
    await part.getByRole("button", { name: "Set it up" }).click();
    const secret = (await part.locator("code.key").textContent()) ?? "";
    const code = (from: number) => createOTP(base32.decode(secret)).hotp(Math.floor(Date.now() / 30_000) + from);
    await part.getByLabel("Code", { exact: true }).fill(await code(-1));
    await part.getByRole("button", { name: "Switch it on" }).click();
    await part.getByText("Your backup codes").waitFor();
    await isSound(page, "backup-codes");
    const backup = (await part.locator(".codes code").first().textContent()) ?? "";
    await part.getByRole("button", { name: "I have kept them" }).click();
    await part.getByText("10 backup codes left").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    const signIn = async () => {
      await page.getByLabel("E-mail address").fill(person.email);
      await page.getByLabel("Password").fill(person.password);
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
    };
    await signIn();
    await page.getByRole("heading", { name: "One more step" }).waitFor();
    await isSound(page, "second-step");
    await page.getByLabel("Code", { exact: true }).fill("000000");
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Code", { exact: true }).fill(backup);
    await page.getByLabel("Ask for no code in this browser for 30 days").check();
    await page.getByRole("button", { name: "Go on" }).click();
    await part.getByText("9 backup codes left").waitFor();
    // This browser is trusted now.
    await page.getByRole("button", { name: "Sign out" }).click();
    await signIn();
    await page
      .getByRole("region", { name: "Trusted browsers" })
      .getByRole("button", { name: /Forget/ })
      .waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it.each([
    ["light", "en"],
    ["dark", "zh"],
  ] as const)("the account page works on a phone, %s, %s", async (theme, language) => {
    const person = await site.person(`phone-${theme}`);
    const { context, page, faults } = await opened("/account", { theme, language, size: NARROW }, person);
    await page.getByText(person.email).first().waitFor();
    await page.getByText(language === "zh" ? "当前会话" : "This session").waitFor();
    await isSound(page, `account-${theme}`);
    const part = page.getByRole("region", { name: language === "zh" ? "姓名" : "Name", exact: true });
    await part.getByRole("textbox").fill("Somebody Else");
    await part.getByRole("textbox").press("Enter");
    await part.getByText(language === "zh" ? "已保存。" : "Saved.").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("an administrator finds a user by the beginning of a name, suspends them and ends the suspension", async () => {
    const admin = await site.person("chief", "admin");
    const person = await site.person("suspect");
    const { context, page, faults } = await opened("/operator/users", { size: NARROW }, admin);
    await page.getByRole("searchbox").fill("person sus");
    const row = page.getByRole("listitem").filter({ hasText: person.email });
    await row.getByText("Person suspect").click();
    await isSound(page, "users");
    await row.getByLabel("Reason").fill("spam");
    await row.getByRole("button", { name: "Suspend" }).click();
    await row.getByRole("button", { name: "End the suspension" }).click();
    await row.getByLabel("Reason").waitFor();
    await row.getByRole("button", { name: "Reset second factor and passkeys" }).click();
    await row.getByText("Done.").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });
});
