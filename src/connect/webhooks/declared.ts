import { z } from "@hono/zod-openapi";
import { defineRoute } from "../../platform/http/define-route.ts";
import { idempotencyHeader, idempotent } from "../../platform/http/idempotency.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { courseSlugSchema } from "../../platform/ids.ts";
import { PEOPLE } from "../../platform/roles.ts";
import { HOOK_RULE } from "./access.ts";
import {
  changedHookBody,
  deliveryIdSchema,
  deliveryView,
  hookIdSchema,
  hookView,
  newHookBody,
  pingView,
  replayBody,
  replayedView,
  shownHookView,
} from "./shapes.ts";

// An answer that holds a secret is never kept under an Idempotency-Key: a subscription that was made twice is listed, and can be
// removed.

const TAGS = ["webhooks"];
const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });
const body = <T extends z.ZodType>(schema: T) => ({ body: { required: true, content: json(schema) } });
const answer = <T extends z.ZodType>(description: string, schema: T) => ({ description, content: json(schema) });
const course = z.object({ course: courseSlugSchema });
const one = z.object({ webhook: hookIdSchema });
const headers = idempotencyHeader;
const reading = { roles: PEOPLE, rule: HOOK_RULE, refuses: ["not_enabled", "not_found"] } as const;
const writing = { ...reading, rate: "write" } as const;

export const listAllRoute = defineRoute(
  { roles: ["admin"], rule: "Admins.", refuses: ["not_enabled"] },
  {
    method: "get",
    path: "/webhooks",
    operationId: "listWebhooks",
    tags: TAGS,
    summary: "Subscriptions of other systems, of all courses and of each, and how the last delivery of each went",
    request: { query: z.object(pageQuery) },
    responses: { 200: answer("A page of subscriptions.", pageSchema(hookView)) },
  },
);
export const makeForAllRoute = defineRoute(
  { roles: ["admin"], rule: "Admins.", rate: "write", refuses: ["not_enabled", "quota_exceeded"] },
  {
    method: "post",
    path: "/webhooks",
    operationId: "createWebhook",
    tags: TAGS,
    summary: "Tell another system what happens in all courses",
    request: body(newHookBody),
    responses: { 201: answer("Made. The secret is shown this once.", shownHookView) },
  },
);
export const listOfCourseRoute = defineRoute(
  { roles: PEOPLE, rule: HOOK_RULE, refuses: ["not_enabled"] },
  {
    method: "get",
    path: "/courses/{course}/webhooks",
    operationId: "listCourseWebhooks",
    tags: TAGS,
    summary: "Subscriptions of a course, and how the last delivery of each went",
    request: { params: course, query: z.object(pageQuery) },
    responses: { 200: answer("A page of subscriptions.", pageSchema(hookView)) },
  },
);
export const makeForCourseRoute = defineRoute(
  { roles: PEOPLE, rule: HOOK_RULE, rate: "write", refuses: ["not_enabled", "quota_exceeded"] },
  {
    method: "post",
    path: "/courses/{course}/webhooks",
    operationId: "createCourseWebhook",
    tags: TAGS,
    summary: "Tell another system what happens in a course",
    request: { params: course, ...body(newHookBody) },
    responses: { 201: answer("Made. The secret is shown this once.", shownHookView) },
  },
);
export const readRoute = defineRoute(reading, {
  method: "get",
  path: "/webhooks/{webhook}",
  operationId: "getWebhook",
  tags: TAGS,
  summary: "Read a subscription, without its secret",
  request: { params: one },
  responses: { 200: answer("The subscription.", hookView) },
});
export const changeRoute = defineRoute(writing, {
  method: "patch",
  path: "/webhooks/{webhook}",
  operationId: "changeWebhook",
  tags: TAGS,
  summary: "Change a subscription, disable it, or enable it again",
  middleware: [idempotent("harmless")],
  request: { headers, params: one, ...body(changedHookBody) },
  responses: { 200: answer("The subscription.", hookView) },
});
export const removeRoute = defineRoute(writing, {
  method: "delete",
  path: "/webhooks/{webhook}",
  operationId: "removeWebhook",
  tags: TAGS,
  summary: "Remove a subscription; what waits for it is not delivered",
  request: { params: one },
  responses: { 204: { description: "Removed." } },
});
export const secretRoute = defineRoute(writing, {
  method: "post",
  path: "/webhooks/{webhook}/secret",
  operationId: "replaceWebhookSecret",
  tags: TAGS,
  summary: "Replace the secret; for a day, deliveries are signed with both",
  request: { params: one },
  responses: { 200: answer("The new secret is shown this once.", shownHookView) },
});
export const pingRoute = defineRoute(writing, {
  method: "post",
  path: "/webhooks/{webhook}/ping",
  operationId: "pingWebhook",
  tags: TAGS,
  summary: "Send a test event of type ping now, once, and say what was answered",
  request: { params: one },
  responses: { 200: answer("What came of it.", pingView) },
});
export const deliveriesRoute = defineRoute(reading, {
  method: "get",
  path: "/webhooks/{webhook}/deliveries",
  operationId: "listWebhookDeliveries",
  tags: TAGS,
  summary: "Deliveries of the last 30 days, the newest first, and why they failed",
  request: { params: one, query: z.object(pageQuery) },
  responses: { 200: answer("A page of deliveries.", pageSchema(deliveryView)) },
});
export const replayOneRoute = defineRoute(
  { ...writing, refuses: ["not_enabled", "not_found", "concurrent_change"] },
  {
    method: "post",
    path: "/webhooks/{webhook}/deliveries/{delivery}/replay",
    operationId: "replayWebhookDelivery",
    tags: TAGS,
    summary: "Deliver one event again, under the same id",
    middleware: [idempotent("harmless")],
    request: { headers, params: one.extend({ delivery: deliveryIdSchema }) },
    responses: { 202: answer("It waits.", deliveryView) },
  },
);
export const replayRoute = defineRoute(
  { ...writing, refuses: ["not_enabled", "not_found", "concurrent_change"] },
  {
    method: "post",
    path: "/webhooks/{webhook}/replay",
    operationId: "replayWebhook",
    tags: TAGS,
    summary: "Deliver again what was written down since an instant: what failed, or everything",
    middleware: [idempotent("harmless")],
    request: { headers, params: one, ...body(replayBody) },
    responses: { 202: answer("They wait.", replayedView) },
  },
);
