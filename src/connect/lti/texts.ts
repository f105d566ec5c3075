import type { Language } from "../../platform/text.ts";
import type { LaunchFault } from "./verify.ts";

// What the pages of a launch say. They are made by the Worker, because the pages of the product stand in no frame.

/** Why somebody was not let in although their platform was believed. */
export type EntryFault =
  | "no_target"
  | "course_refused"
  | "course_unpublished"
  | "item_unknown"
  | "no_role"
  | "mentor"
  | "not_teacher"
  | "links_refused"
  | "nothing_chosen"
  | "full"
  | "kept_out"
  | "unavailable";
export type PageFault =
  | LaunchFault
  | EntryFault
  | "off"
  | "form_invalid"
  | "platform_unknown"
  | "over"
  | "registration_failed";

interface LtiText {
  refused: string;
  reference: string;
  opening: string;
  ready: string;
  readyLead: string;
  open: string;
  blocked: string;
  blockedLead: string;
  again: string;
  noScript: string;
  choose: string;
  chooseCourse: string;
  chooseItem: string;
  wholeCourse: string;
  graded: string;
  onlyFirst: (count: number) => string;
  next: string;
  registered: string;
  registeredLead: string;
  faults: Record<PageFault, string>;
}

const en: LtiText = {
  refused: "This could not be opened",
  reference: "Tell this to whoever helps you:",
  opening: "One moment…",
  ready: "Ready",
  readyLead: "It opens in a window of its own.",
  open: "Open",
  blocked: "Open it in a new window",
  blockedLead: "Your browser lets this page keep nothing inside the other one.",
  again: "Go back to your course there, and open the link again.",
  noScript: "Switch JavaScript on, or open the link in a new window.",
  choose: "What should the link open?",
  chooseCourse: "Choose a course",
  chooseItem: "Choose the course, a chapter or an item of it",
  wholeCourse: "The whole course",
  graded: "Send scores to your gradebook",
  onlyFirst: (count) => `Only the first ${count} items are listed.`,
  next: "Go on",
  registered: "Registered",
  registeredLead: "This tool is registered. You can close this window.",
  faults: {
    off: "Launches from other platforms are switched off here.",
    form_invalid: "What your platform sent is not complete.",
    platform_unknown: "Your platform is not registered here.",
    over: "This page was open for too long, or its button was used before.",
    registration_failed: "The tool could not be registered. Ask its operator for a new link.",
    state_invalid: "The launch took too long, or was not begun here.",
    browser_unknown: "Your browser is not the one that began this launch, or it blocks cookies.",
    token_malformed: "What your platform signed cannot be read.",
    signature_invalid: "The signature is not one of your platform.",
    algorithm_refused: "Your platform signs in a way that is not accepted.",
    issuer_wrong: "The launch comes from another platform than the one that began it.",
    audience_wrong: "The launch was made for another tool.",
    token_expired: "The launch is over.",
    token_too_old: "The launch was made too long ago.",
    claim_missing: "Your platform left out what a launch needs.",
    nonce_wrong: "The launch belongs to another one.",
    used_before: "This launch was used before.",
    deployment_unknown: "The place in your platform where the tool was added is not registered here.",
    keys_unreachable: "The keys of your platform cannot be fetched right now.",
    platform_refused: "Your platform did not let you through.",
    platform_off: "Your platform is switched off here for now.",
    no_target: "The link names no course.",
    course_refused: "There is no such course for your platform.",
    course_unpublished: "The course is not published yet.",
    item_unknown: "The course has no such item.",
    no_role: "You have no role in the course there.",
    kept_out:
      "The staff of this course have withdrawn you from it. Ask them if that is a mistake: they can enroll you again.",
    mentor: "Mentors cannot open courses this way yet.",
    not_teacher: "Only teachers choose what a link opens.",
    links_refused: "Your platform takes no link at this place.",
    nothing_chosen: "Choose what the link should open.",
    full: "The course has no room for more people.",
    unavailable: "Something does not answer right now.",
  },
};

const zh: LtiText = {
  refused: "无法打开",
  reference: "请将以下信息告知为您提供帮助的人：",
  opening: "请稍候…",
  ready: "准备就绪",
  readyLead: "将在单独的窗口中打开。",
  open: "打开",
  blocked: "在新窗口中打开",
  blockedLead: "您的浏览器不允许此页面在另一页面内保存任何内容。",
  again: "请回到您的课程，再次打开该链接。",
  noScript: "请启用 JavaScript，或在新窗口中打开该链接。",
  choose: "该链接应打开什么？",
  chooseCourse: "选择课程",
  chooseItem: "选择整个课程、其中一章或一项内容",
  wholeCourse: "整个课程",
  graded: "将成绩发送到您的成绩册",
  onlyFirst: (count) => `仅列出前 ${count} 项。`,
  next: "继续",
  registered: "已注册",
  registeredLead: "此工具已注册。您可以关闭此窗口。",
  faults: {
    off: "此处已关闭从其他平台启动。",
    form_invalid: "您的平台发送的内容不完整。",
    platform_unknown: "您的平台未在此注册。",
    over: "此页面打开时间过长，或按钮已被使用过。",
    registration_failed: "无法注册此工具。请向其运维人员索取新链接。",
    state_invalid: "启动耗时过长，或不是从这里开始的。",
    browser_unknown: "您的浏览器不是开始此次启动的浏览器，或它阻止了 Cookie。",
    token_malformed: "无法读取您的平台签名的内容。",
    signature_invalid: "签名不属于您的平台。",
    algorithm_refused: "您的平台使用了不被接受的签名方式。",
    issuer_wrong: "启动来自与开始时不同的平台。",
    audience_wrong: "此启动是为其他工具生成的。",
    token_expired: "启动已过期。",
    token_too_old: "启动生成的时间过久。",
    claim_missing: "您的平台遗漏了启动所需的内容。",
    nonce_wrong: "此启动属于另一次启动。",
    used_before: "此启动已被使用过。",
    deployment_unknown: "您平台中添加此工具的位置未在此注册。",
    keys_unreachable: "目前无法获取您平台的密钥。",
    platform_refused: "您的平台未允许您通过。",
    platform_off: "您的平台目前在此处已停用。",
    no_target: "该链接未指明课程。",
    course_refused: "您的平台没有此课程。",
    course_unpublished: "该课程尚未发布。",
    item_unknown: "该课程没有此内容。",
    no_role: "您在那边的课程中没有角色。",
    kept_out: "这门课程的工作人员已将您退出。如有错误请与他们联系：他们可以让您重新加入。",
    mentor: "目前导师还不能以此方式打开课程。",
    not_teacher: "只有教师可以选择链接打开的内容。",
    links_refused: "您的平台在此处不接受链接。",
    nothing_chosen: "请选择链接应打开的内容。",
    full: "该课程已没有空位。",
    unavailable: "目前有服务没有响应。",
  },
};

export const TEXTS: Readonly<Record<Language, LtiText>> = { en, zh };
