"""The words of a report: each figure and rule in English with its Chinese term."""

from collections.abc import Mapping

from jifen.batch.waterfall import POOL, Whom

__all__ = ["figure_term", "place_term", "rule_names", "rule_term", "store_names", "store_term", "whom_term"]

_FIGURES = {
    "sold": "Sold 销售额",
    "refunded": "Refunded 退款",
    "granted": "Points granted 赠送积分",
    "released": "Points released 已释放积分",
    "forfeited": "Points forfeited 作废积分",
    "paid": "Paid to members 已支付",
    "owed": "Promised, not yet paid 待付",
    "wallets": "In members' wallets 会员余额",
    "reserve": "Reserve 准备金",
    "pools": "Pools 资金池",
    "token_pool": "Pool of the tokens 增值积分资金池",
    "price": "Price of a token 积分价格",
}

_RULES = {
    "grant": "grant 赠送",
    "static": "daily release 静态释放",
    "generation": "generations 分享收益",
    "team": "team differential 团队极差",
    "peer": "equal rank 平级奖",
    "referral": "referral 推荐奖",
    "feed": "into the pool 入池",
    "mint": "mint 增发积分",
    "sell": "sale of tokens 卖出",
    "exit": "forced exit 强制出局",
    "dividend": "dividend 分红",
    "honour": "honour dividend 荣誉分红",
    "claim": "enters the queue 排队",
    "accelerate": "acceleration 动态加速",
    "serve": "queue service 排队释放",
    "ticket": "ticket 入队",
    "task": "task reward 任务奖励",
    "region": "region agents 区域代理",
    "shareholders": "shareholders 股东分红",
    "convert": "debt into coin 旧债转币",
    "batch": "batch of coin 分批释放",
    "deliver": "delivery 交割",
    "refund": "taken back 退款追回",
    "bank": "banked acceleration 暂存加速",
    "admin": "by hand 人工调整",
    "donate": "donation 注资",
    "top_up": "reserve topped up 补充准备金",
    "reserve": "set aside 计提准备金",
    "order": "order 订单",
    "transfer": "sent to another member 互转",
    "withdraw": "withdrawal 提现",
    "wind_up": "paid when the plan was wound up 清盘兑付",
    "written_off": "written off 核销",
}
"""Rules a plan may name; one that is not here is shown by its id."""

_PLACES = {
    "members": "members 会员",
    "outside": "outside 外部",
    "reserve": "the reserve 准备金",
    "shop": "the shop 商家",
}

_WHOM: dict[Whom, str] = {
    "buyer": "the buyer himself 本人",
    "upline": "referrers above 上级推荐人",
    "agents": "agents of the region 区域代理人",
    "sharers": "members by weight or rank 按权重或等级",
    "queue": "the head of the queue 队首会员",
    "holder": "who holds tokens 积分持有人",
    "": "members 会员",
}

_STORES = {
    "cash": "cash 零钱",
    "coin": "coin 购物币",
    "voucher": "voucher 兑换券",
    "points": "points 积分",
    "tokens": "tokens 增值积分",
    "pool": "pool of the tokens 增值积分资金池",
    "debt": "old debts 旧债",
    "credits": "credits 消费额度",
    "shares": "shares 股权",
    "dividend": "dividend pool 分红池",
    "honour": "honour pool 荣誉池",
    "quota": "quota 额度",
    "contribution": "contribution 贡献值",
    "claim": "queue claims 排队积分",
    "queue": "pool of the queue 排队资金池",
    "ticket": "tickets 补贴名额",
    "stock": "stock 存量积分",
    "stake": "stakes 股份",
    "shareholders": "shareholders' pool 股东分红池",
    "rebate": "rebate pool 返利池",
    "bonus": "bonus pool 奖励池",
    "owed": "claims on the reserve 准备金欠付",
}
"""Stores and assets a preset names; one that is not here is shown by its name."""


def figure_term(name: str) -> str:
    """Return the label of a figure.

    >>> figure_term("owed")
    'Promised, not yet paid 待付'
    """
    return _FIGURES.get(name, name)


def rule_term(rule: str) -> str:
    """Return the label of a rule. One that a composition has renamed keeps the label of its last word.

    >>> rule_term("feed"), rule_term("queue_feed"), rule_term("mine")
    ('into the pool 入池', 'into the pool 入池 (queue_feed)', 'mine')
    """
    return _term(_RULES, rule)


def rule_names(rule: str) -> dict[str, str]:
    """Return a rule's names by language.

    >>> rule_names("static"), rule_names("mine")
    ({'en': 'daily release', 'zh': '静态释放'}, {'en': 'mine', 'zh': 'mine'})
    """
    return _names(_RULES, rule)


def store_names(name: str) -> dict[str, str]:
    """Return the names of a store or asset by language.

    >>> store_names("queue")
    {'en': 'pool of the queue', 'zh': '排队资金池'}
    """
    return _names(_STORES, name)


def store_term(name: str) -> str:
    """Return the label of a store or asset, as ``rule_term`` that of a rule."""
    return _term(_STORES, name)


def place_term(place: str) -> str:
    """Return the label of a place of money.

    >>> place_term("pool:queue"), place_term("reserve")
    ('pool of the queue 排队资金池', 'the reserve 准备金')
    """
    return store_term(place.removeprefix(POOL)) if place.startswith(POOL) else _PLACES.get(place, place)


def whom_term(whom: Whom) -> str:
    """Return the label of those whom a rule pays."""
    return _WHOM[whom]


def _last(name: str) -> str:
    return name.rpartition("_")[2]


def _names(terms: Mapping[str, str], name: str) -> dict[str, str]:
    english, _, chinese = terms.get(name, terms.get(_last(name), "")).rpartition(" ")
    return {"en": english or name, "zh": chinese or name}


def _term(terms: Mapping[str, str], name: str) -> str:
    if name in terms or _last(name) not in terms:
        return terms.get(name, name)
    return f"{terms[_last(name)]} ({name})"
