# A workspace with one queue, one workflow and one worker, made with curl; to be sourced after credentials.sh.
# Leaves WORKSPACE_SID, WORKER_SID and a TOKEN for the worker, and the function `api` for more.

# api PATH [NAME=VALUE…]: a request with these form fields, or a GET without any.
api() {
  resource=$1
  shift
  for field in "$@"; do set -- "$@" --data-urlencode "$field"; shift; done
  curl --silent --show-error --fail-with-body --user "$POINTSMAN_ACCOUNT_SID:$POINTSMAN_AUTH_TOKEN" "$POINTSMAN_URL/v1/$resource" "$@"
}

# The sid of the resource that is read.
sid() {
  python3 -c 'import json, sys; said = sys.stdin.read(); print(json.loads(said or "{}").get("sid") or sys.exit(f"no sid: {said}"))'
}

WORKSPACE_SID=$(api Workspaces FriendlyName=Example Template=FIFO | sid) &&
  WORKER_SID=$(api "Workspaces/$WORKSPACE_SID/Workers" FriendlyName=Alice | sid) &&
  TOKEN=$(eval "${POINTSMAN:-.venv/bin/pointsman}" token --workspace-sid "$WORKSPACE_SID" --worker-sid "$WORKER_SID") &&
  export WORKSPACE_SID WORKER_SID TOKEN &&
  echo "workspace $WORKSPACE_SID, worker $WORKER_SID"
