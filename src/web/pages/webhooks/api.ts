import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Answer } from "../../../client/index.ts";
import { allPages } from "../../api/queries.ts";
import { request } from "../../api/request.ts";

export type Webhook = Answer<"/api/v1/webhooks", "get">["results"][number];
export type Deliveries = Answer<"/api/v1/webhooks/{webhook}/deliveries", "get">;
export type Ping = Answer<"/api/v1/webhooks/{webhook}/ping", "post">;
export type Shown = Webhook & { secret: string };

export const TYPES = [
  "item.unlocked",
  "item.completed",
  "item.relocked",
  "enrollment.created",
  "submission.graded",
  "learner.at_risk",
  "course.published",
  "import.done",
] as const;

const KEY = ["webhooks"] as const;

/** Where the subscriptions of a course are; null: all. */
export const pathOf = (course: string | null) => (course === null ? "/webhooks" : `/courses/${course}/webhooks`);

export function useWebhooks(course: string | null) {
  return useQuery({ queryKey: [...KEY, course], queryFn: () => allPages<Webhook>(pathOf(course)) });
}

export function useDeliveries(webhook: string) {
  return useInfiniteQuery({
    queryKey: [...KEY, "deliveries", webhook],
    queryFn: ({ pageParam }) =>
      request<Deliveries>(`/webhooks/${webhook}/deliveries`, { query: { limit: 25, cursor: pageParam ?? undefined } }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

/** A write on webhooks. What the page shows is asked for again afterwards. */
export function useWebhookWrite<In, Out>(send: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: send, onSettled: () => client.invalidateQueries({ queryKey: KEY }) });
}
