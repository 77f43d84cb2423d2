"""The words of a report: each figure and rule in English with its Chinese term."""

__all__ = ["figure_term", "rule_term"]

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
}
"""Rules a plan may name; one that is not here is shown by its id."""


def figure_term(name: str) -> str:
    """Return the label of a figure.

    >>> figure_term("owed")
    'Promised, not yet paid 待付'
    """
    return _FIGURES.get(name, name)


def rule_term(rule: str) -> str:
    """Return the label of a rule; an unknown rule is its own label."""
    return _RULES.get(rule, rule)
