import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Answer } from "../../../client/index.ts";
import { request } from "../../api/request.ts";

export type Account = Answer<"/api/v1/auth/account", "get">;
export type SetUp = Answer<"/api/v1/auth/second-factor", "post">;
export type Codes = Answer<"/api/v1/auth/second-factor/confirm", "post">;
type Sessions = Answer<"/api/v1/auth/sessions", "get">;

const accountKey = ["account"] as const;

/** How the caller signs in. */
export function useAccount() {
  return useQuery({ queryKey: accountKey, queryFn: () => request<Account>("/auth/account") });
}

export function useSessions() {
  return useQuery({
    queryKey: [...accountKey, "sessions"],
    queryFn: () => request<Sessions>("/auth/sessions", { query: { limit: 100 } }),
  });
}

/** A write on the user's own account. Afterwards the page loads its data again. */
export function useAccountWrite<In, Out>(send: (input: In) => Promise<Out>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: send,
    onSuccess: () => client.invalidateQueries({ queryKey: accountKey }),
  });
}
