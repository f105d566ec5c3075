import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Answer } from "../../../client/index.ts";
import { allPages } from "../../api/queries.ts";
import { request } from "../../api/request.ts";
import type { XapiStore } from "../../api/types.ts";

export type ServiceKey = Answer<"/api/v1/keys", "get">["results"][number];
export type ShownKey = ServiceKey & { key: string };
export type Settings = XapiStore["settings"];

const KEY = ["records"] as const;

/** The store of a course, as its staff see it. */
export function useStoreOf(course: string) {
  return useQuery({
    queryKey: [...KEY, "store", course],
    queryFn: () => request<XapiStore>(`/courses/${course}/xapi`),
  });
}

/** The keys that may send statements to a course. */
export function useKeysOf(course: string) {
  return useQuery({
    queryKey: [...KEY, "keys", course],
    queryFn: async () => {
      const keys = await allPages<ServiceKey>("/keys");
      return keys.filter(
        ({ state, scopes, courses }) =>
          state === "active" && scopes.includes("xapi") && (courses === null || courses.includes(course)),
      );
    },
  });
}

/** A write on a store or its keys. What the page shows is asked for again afterwards. */
export function useRecordsWrite<In, Out>(send: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: send, onSettled: () => client.invalidateQueries({ queryKey: KEY }) });
}
