import type { Language } from "../platform/text.ts";
import type { MailDetails, MailKind, Notice } from "./shapes.ts";

/** One mail before it has a format: its sentences, and the words on the link. */
export interface MailText {
  subject: string;
  before: string[];
  /** Null: it has no link. */
  action: string | null;
  after: string[];
}

type Texts = Record<MailKind, (details: MailDetails) => MailText>;

const NOTICES_EN: Record<Notice, string> = {
  password: "The password of your account was changed. All other sessions have ended.",
  second_factor_on: "Your account now asks for a code from your app when you sign in.",
  second_factor_off: "Your account no longer asks for a code from your app when you sign in.",
  passkey_added: "A passkey was added to your account. Who has it can sign in.",
  passkey_removed: "A passkey was removed from your account.",
  sign_in_reset:
    "An administrator has removed the passkeys, the second factor and the trusted devices of your account. Sign in with your password and set them up again.",
};
const NOTICES_ZH: Record<Notice, string> = {
  password: "您的账户密码已更改。其他会话均已结束。",
  second_factor_on: "从现在起，登录您的账户需要输入应用中的验证码。",
  second_factor_off: "登录您的账户不再需要输入应用中的验证码。",
  passkey_added: "您的账户添加了一个通行密钥。持有它的人可以登录。",
  passkey_removed: "您的账户移除了一个通行密钥。",
  sign_in_reset: "管理员移除了您账户的通行密钥、第二因素和受信任的设备。请用密码登录并重新设置。",
};

const NOT_YOU_EN = "If that was not you, ask for a new password at once, on the sign-in page.";
const NOT_YOU_ZH = "如果不是您本人操作，请立即在登录页面申请新密码。";

const en: Texts = {
  verify: () => ({
    subject: "Confirm your e-mail address",
    before: ["Please confirm that you read the mail to this address."],
    action: "Confirm the address",
    after: ["The link is valid for one day. You must be signed in.", "If you have no account, do nothing."],
  }),
  recover: () => ({
    subject: "Choose a new password",
    before: ["Somebody, probably you, asked for a new password."],
    action: "Choose a new password",
    after: [
      "The link is valid for 30 minutes, and once.",
      "If you did not ask, do nothing: your password stays as it is.",
    ],
  }),
  link: () => ({
    subject: "Your link to sign in",
    before: ["With this link you sign in without your password."],
    action: "Sign in",
    after: [
      "The link is valid for 15 minutes, and once.",
      "If you did not ask for it, do nothing. Give it to nobody: whoever has it can sign in as you.",
    ],
  }),
  change: () => ({
    subject: "Confirm your new e-mail address",
    before: ["This address is to be the address of your account."],
    action: "Use this address",
    after: ["The link is valid for one day. You must be signed in.", "If you did not ask for this, do nothing."],
  }),
  changed: ({ title = "" }) => ({
    subject: "Your e-mail address was changed",
    before: [`The address of your account is now ${title}. Mail to this address is no longer sent.`],
    action: null,
    after: ["If that was not you, write to the administrators of this installation."],
  }),
  notice: ({ notice = "password" }) => ({
    subject: "A change of your account",
    before: [NOTICES_EN[notice]],
    action: null,
    after: [NOT_YOU_EN],
  }),
  invite: ({ title = "" }) => ({
    subject: `You are invited to “${title}”`,
    before: [`You are invited to the course “${title}”.`],
    action: "Open the course",
    after: ["You sign in or make an account, and are in the course.", "If you do not want to come, do nothing."],
  }),
};

const zh: Texts = {
  verify: () => ({
    subject: "请确认您的电子邮件地址",
    before: ["请确认您会阅读发往此地址的邮件。"],
    action: "确认地址",
    after: ["链接一天内有效。您需要已登录。", "如果您没有账户，请忽略此邮件。"],
  }),
  recover: () => ({
    subject: "设置新密码",
    before: ["有人（可能是您）申请了新密码。"],
    action: "设置新密码",
    after: ["链接 30 分钟内有效，只能使用一次。", "如果不是您申请的，请忽略：您的密码保持不变。"],
  }),
  link: () => ({
    subject: "您的登录链接",
    before: ["使用此链接，无需密码即可登录。"],
    action: "登录",
    after: [
      "链接 15 分钟内有效，只能使用一次。",
      "如果不是您申请的，请忽略。请勿转发：持有链接的人可以以您的身份登录。",
    ],
  }),
  change: () => ({
    subject: "请确认您的新电子邮件地址",
    before: ["此地址将成为您账户的地址。"],
    action: "使用此地址",
    after: ["链接一天内有效。您需要已登录。", "如果不是您申请的，请忽略。"],
  }),
  changed: ({ title = "" }) => ({
    subject: "您的电子邮件地址已更改",
    before: [`您账户的地址现在是 ${title}。以后不再向此地址发送邮件。`],
    action: null,
    after: ["如果不是您本人操作，请联系本站的管理员。"],
  }),
  notice: ({ notice = "password" }) => ({
    subject: "您的账户有变更",
    before: [NOTICES_ZH[notice]],
    action: null,
    after: [NOT_YOU_ZH],
  }),
  invite: ({ title = "" }) => ({
    subject: `邀请您加入“${title}”`,
    before: [`邀请您加入课程“${title}”。`],
    action: "打开课程",
    after: ["登录或创建账户后，您即加入课程。", "如果您不想加入，请忽略此邮件。"],
  }),
};

const TABLES: Record<Language, Texts> = { en, zh };

/** The greeting, in the language. */
export function greeting(language: Language, name: string): string {
  if (language === "zh") return name === "" ? "您好！" : `${name}，您好！`;
  return name === "" ? "Hello," : `Hello ${name},`;
}

/** The text of a mail. */
export function textOf(kind: MailKind, language: Language, details: MailDetails): MailText {
  return TABLES[language][kind](details);
}
