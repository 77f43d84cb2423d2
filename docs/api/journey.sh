#!/usr/bin/env bash
# From a sign-up to money at the bank, with nothing but curl. It stops at the first answer that is not the one expected.
#
#   jifen shop create --plan points_dividend --set pay_asset=coin --set coin_transferable=true --set coin_withdrawable=true --name 试营业
#   jifen staff key make shop --scope all; jifen staff key make finance --scope withdrawals.review --scope withdrawals.pay --scope books.read
#   jifen serve
#   SHOP=http://127.0.0.1:8000 KEY=jk_… FINANCE=jk_… SMS=var/sms.txt bash journey.sh
set -euo pipefail
: "${SHOP:?the address of the shop}" "${KEY:?a key of the shop with all rights}" "${FINANCE:?a key that reviews and pays}"
: "${SMS:?the file in which a sandbox writes the codes that it would send}"
BANK=$(mktemp -d)
trap 'rm -r "$BANK"' EXIT

curl -sS --fail --output /dev/null "$SHOP/healthz" || { echo "no shop answers at $SHOP: is \`jifen serve\` running?" >&2; exit 1; }

# of PATH: what stands at a path such as items.0.state of the JSON that is read.
of() {
    python3 -c '
import json, sys
value = json.load(sys.stdin)
for step in sys.argv[1].split("."):
    value = value[int(step)] if isinstance(value, list) else value[step]
print(value)' "$1"
}
# expect WORDS WANTED FOUND
expect() {
    [ "$2" = "$3" ] || { echo "$1: expected $2, found $3" >&2; exit 1; }
    echo "$1: $3"
}
# by HEADER METHOD PATH [BODY]: asks the API.
by() { curl -sS -X "$2" "$SHOP/api/v1$3" -H "$1" -H "Content-Type: application/json" ${4:+--data "$4"}; }
shop() { by "Authorization: Bearer $KEY" "$@"; }
finance() { by "Authorization: Bearer $FINANCE" "$@"; }
ann() { by "X-Session-Token: $ANN" "$@"; }
bob() { by "X-Session-Token: $BOB" "$@"; }

# -- Sign-up by a code ----------------------------------------------------------------------------------------------

auth() { curl -sS "$SHOP/_allauth/app/v1/auth/$1" -H "Content-Type: application/json" -H "X-Session-Token: ${3:-}" --data "$2"; }
# code PHONE: the code that the phone has received.
code() {
    for _ in $(seq 100); do
        if grep -q "^$1 " "$SMS" 2>/dev/null; then grep "^$1 " "$SMS" | tail -n 1 | cut -d ' ' -f 2; return; fi
        sleep 0.1
    done
    echo "no code has come for $1" >&2; exit 1
}
# sign_up PHONE [INVITE]: prints the token of the session.
sign_up() {
    local token number
    token=$(auth signup "{\"phone\": \"$1\", \"adult\": true, \"invite_code\": \"${2:-}\"}" | of meta.session_token)
    number=$(code "$1")
    auth phone/verify "{\"code\": \"$number\"}" "$token" | of meta.session_token
}
ANN=$(sign_up +8613800138000)
ANN_ID=$(ann GET /members/me | of member)
expect "Ann has signed up" "138****8000" "$(ann GET /members/me | of phone)"

# -- Invite ---------------------------------------------------------------------------------------------------------

BOB=$(sign_up +8613900139000 "$(ann GET /members/me | of invite_code)")
BOB_ID=$(bob GET /members/me | of member)
expect "Bob's sponsor is Ann" "$ANN_ID" "$(bob GET /members/me | of sponsor)"

# -- Order ----------------------------------------------------------------------------------------------------------

PAGE=$(ann GET /programs/disclosure | python3 -c 'import json, sys; print(json.load(sys.stdin).get("digest", ""))')
if [ -n "$PAGE" ]; then  # a live shop asks for it; a sandbox has a page only if one was published
    for each in ann bob; do $each POST /members/me/program/acceptance "{\"disclosure\": \"$PAGE\"}" >/dev/null; done
fi
order() { shop POST /events "{\"wait\": 20, \"events\": [{\"event\": \"order_paid\", \"id\": \"$1\", \"member\": \"$2\", \"lines\": [{\"amount\": \"$3\"}]}]}" | of items.0.state; }
expect "Ann buys for 1000" accepted "$(order o-1 "$ANN_ID" 1000.00)"
expect "Bob buys for 200" accepted "$(order o-2 "$BOB_ID" 200.00)"
expect "Ann, who brought Bob, has 20 % of that" 40.00 "$(ann GET /members/me/wallets | of items.1.available)"

# -- Close ----------------------------------------------------------------------------------------------------------

DAY=$(shop GET /shop | of open_day)
NEXT=$(python3 -c "from datetime import date, timedelta; print(date.fromisoformat('$DAY') + timedelta(days=1))")
expect "Two days are closed" 0 "$(shop POST /shop/closes "{\"until\": \"$NEXT\", \"wait\": 20}" | of due)"
expect "Ann has a hundredth of 1000 more" 50.00 "$(ann GET /members/me/wallets | of items.1.available)"
expect "Bob has a hundredth of 200" 2.00 "$(bob GET /members/me/wallets | of items.1.available)"
expect "Ann's points that are left" 950.00 "$(ann GET /members/me/lots | of items.0.remaining)"

# -- Explain --------------------------------------------------------------------------------------------------------

WHY=$(ann GET "/members/me/explain?day=$DAY" | python3 -c '
import json, sys
for item in json.load(sys.stdin)["items"]:
    for source in item["sources"]:
        if item["rule"] == "generation":
            print(item["amount"], "is", source["rate"], "of", source["base"], "bought in generation", source["generation"])')
expect "Why Ann got something on the day of Bob's order" "40.00 is 20% of 200.00 bought in generation 1" "$WHY"

# -- Transfer -------------------------------------------------------------------------------------------------------

expect "Ann sends 5 to Bob" accepted "$(ann POST /members/me/transfers "{\"id\": \"t-1\", \"to\": \"$BOB_ID\", \"amount\": \"5.00\", \"wait\": 20}" | of state)"
expect "Bob has" 7.00 "$(bob GET /members/me/wallets | of items.1.available)"

# -- Refund ---------------------------------------------------------------------------------------------------------

refund='{"wait": 20, "events": [{"event": "order_refunded", "id": "r-1", "order": "o-2", "amount": "100.00"}]}'
expect "Half of Bob's order is given back" accepted "$(shop POST /events "$refund" | of items.0.state)"
expect "Half of Ann's 40 goes back" 25.00 "$(ann GET /members/me/wallets | of items.1.available)"

# -- Withdrawal -----------------------------------------------------------------------------------------------------

ann PUT /members/me/person '{"name": "王安", "bank": "招商银行", "bank_account": "6225880112341234"}' >/dev/null
WISH='{"id": "w-1", "amount": "20.00", "asset": "coin", "wait": 20}'
expect "Ann withdraws 20" reserved "$(ann POST /members/me/withdrawals "$WISH" | of state)"
NUMBER=$(ann POST /members/me/withdrawals "$WISH" | of number)  # asked for again, it is the same one
expect "Ann has left" 5.00 "$(ann GET /members/me/wallets | of items.1.available)"
expect "Somebody else reviews it" approved "$(finance POST "/withdrawals/$NUMBER/review" '{"agree": true}' | of state)"

# -- The bank's result ----------------------------------------------------------------------------------------------

BATCH=$(finance POST /withdrawals/batches '{"id": "monday"}' | of number)
finance GET "/withdrawals/batches/$BATCH/file" >"$BANK/payments.csv"
python3 - "$BANK" <<'PYTHON'
import csv, sys
with open(f"{sys.argv[1]}/payments.csv", encoding="utf-8-sig") as asked, open(f"{sys.argv[1]}/results.csv", "w") as said:
    said.write("payment,result,amount\n")
    for row in csv.DictReader(asked):
        said.write(f"{row['payment']},paid,{row['amount']}\n")
PYTHON
results() { curl -sS "$SHOP/api/v1/withdrawals/results" -H "Authorization: Bearer $FINANCE" -F "file=@$BANK/results.csv"; }
expect "The bank has paid" 1 "$(results | of paid)"
expect "Its file once more" 1 "$(results | of repeated)"
for _ in $(seq 100); do
    STATE=$(finance GET "/withdrawals/$NUMBER" | of state)
    [ "$STATE" = paying ] || break
    sleep 0.1
done
expect "The withdrawal is" paid "$STATE"
expect "Nothing is set aside" 0.00 "$(ann GET /members/me/wallets | of items.1.set_aside)"
