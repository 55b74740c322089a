# Credentials for the examples, to be sourced in each terminal. They are public: only ever use them on your own machine.
export POINTSMAN_ACCOUNT_SID=AC00000000000000000000000000000001
export POINTSMAN_AUTH_TOKEN=public-token-of-the-examples
export POINTSMAN_API_KEY_SID=SK00000000000000000000000000000001
export POINTSMAN_API_KEY_SECRET=public-secret-of-the-examples-0001
export POINTSMAN_URL=${POINTSMAN_URL:-http://127.0.0.1:8010}
