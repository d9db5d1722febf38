# The words that numbers and days are made of, when they are said in Chinese. See kiosk/src/prompts/numbers.rs.

number-0 = 零
number-1 = 一
number-2 = 二
number-3 = 三
number-4 = 四
number-5 = 五
number-6 = 六
number-7 = 七
number-8 = 八
number-9 = 九
number-10 = 十
number-100 = 百
number-1000 = 千
date-year = 年
date-month = 月
date-day = 日
