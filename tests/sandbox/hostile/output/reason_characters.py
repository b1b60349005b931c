# Gives a reason with line ends, nulls, colours and markup.
# expect: OK

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        return hold("one\ntwo\r\0\x1b[31mred\u2028\u202eder <script>alert(1)</script> {{ 7 * 7 }} %s %(x)s")
